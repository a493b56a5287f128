#pragma once

#include <stdbool.h>

/// Ten times as many as are made of the whole engine: each has its byte below.
enum { mutationsAtMost = 65536 };

/// The number of the mutation that is in force: `FANFARE_MUTATION`, read before main; 0 is none.
extern int mutationInForce;

/// Which mutations' places were come by, whether in force or not.
extern unsigned char mutationsReached[mutationsAtMost];

/// Stands at each place that a mutation changes.
static inline bool mutation(int number) {
    mutationsReached[number] = 1;
    return number == mutationInForce;
}

static inline bool mutationWasReached(int number) { return mutationsReached[number]; }
void forgetMutationsReached(void);

/// SIGPROF ends the process when it has used so much more of the processor.
void limitProcessorTime(int seconds);
