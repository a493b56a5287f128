#include "MutationSwitch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

int mutationInForce = 0;
unsigned char mutationsReached[mutationsAtMost];

__attribute__((constructor)) static void readMutation(void) {
    const char *number = getenv("FANFARE_MUTATION");
    if (number) mutationInForce = atoi(number);
}

void forgetMutationsReached(void) { memset(mutationsReached, 0, sizeof mutationsReached); }

void limitProcessorTime(int seconds) {
    struct itimerval limit = {.it_value = {.tv_sec = seconds}};
    setitimer(ITIMER_PROF, &limit, NULL);
}
