{{- define "fanfare.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "fanfare.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "fanfare.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "fanfare.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "fanfare.selectorLabels" -}}
app.kubernetes.io/name: {{ include "fanfare.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "fanfare.labels" -}}
{{ include "fanfare.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "fanfare.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "fanfare.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "fanfare.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "fanfare.topicsConfigMap" -}}
{{- default (printf "%s-topics" (include "fanfare.fullname" . | trunc 56 | trimSuffix "-")) .Values.existingTopicsConfigMap -}}
{{- end -}}

{{/* fanfare.yaml: what the user says, and the two keys that the pod's layout decides. */}}
{{- define "fanfare.config" -}}
{{- $_ := required "config.kafka.bootstrapServers is required: --set config.kafka.bootstrapServers=broker:9092" .Values.config.kafka.bootstrapServers -}}
{{- $ops := merge (dict "listen" "0.0.0.0:8080") (default dict .Values.config.ops) -}}
{{- merge (dict "topics" "/etc/fanfare/topics" "ops" $ops) .Values.config | toYaml -}}
{{- end -}}

{{/* Kubernetes must not kill before the drain is over: shutdown.grace in whole seconds, and ten to commit and leave. */}}
{{- define "fanfare.terminationGracePeriodSeconds" -}}
{{- $grace := dig "shutdown" "grace" "25s" .Values.config -}}
{{- $number := regexFind "^[0-9]+" $grace | int -}}
{{- $unit := trimPrefix (toString $number) $grace -}}
{{- $seconds := get (dict "s" $number "m" (mul $number 60) "h" (mul $number 3600) "ms" (add1 (div $number 1000))) $unit -}}
{{- add $seconds 10 -}}
{{- end -}}
