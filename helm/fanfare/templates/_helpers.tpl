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

{{/* Of the pod of `helm test`, to which no Service may send anything. */}}
{{- define "fanfare.testLabels" -}}
app.kubernetes.io/name: {{ include "fanfare.name" . }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "fanfare.labels" -}}
{{ include "fanfare.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
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

{{/* fanfare.yaml: what the user says, and the keys that the pod's layout decides. */}}
{{- define "fanfare.config" -}}
{{- $_ := required "config.kafka.bootstrapServers is required: --set config.kafka.bootstrapServers=broker:9092" .Values.config.kafka.bootstrapServers -}}
{{- $ops := merge (dict "listen" "0.0.0.0:8080") (default dict .Values.config.ops) -}}
{{- $config := merge (dict "topics" "/etc/fanfare/topics" "ops" $ops) (deepCopy .Values.config) -}}
{{- if eq .Values.kind "StatefulSet" -}}
{{- $properties := merge (dict "group.instance.id" "${POD_NAME}") (default dict $config.kafka.properties) -}}
{{- $_ := set $config.kafka "properties" $properties -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* A manifest as a map, however it was given; what is no YAML stops the rendering. */}}
{{- define "fanfare.manifest" -}}
{{- $manifest := .manifest -}}
{{- if kindIs "string" $manifest -}}
{{- $manifest = fromYaml $manifest -}}
{{- if and (hasKey $manifest "Error") (not (hasKey $manifest "topic")) -}}
{{- fail (printf "topics.%s is no YAML: %s" .name $manifest.Error) -}}
{{- end -}}
{{- end -}}
{{- toYaml $manifest -}}
{{- end -}}

{{/* The port of config.ops.publicKeys.listen; nothing without it. */}}
{{- define "fanfare.publicKeysPort" -}}
{{- regexFind "[0-9]+$" (dig "ops" "publicKeys" "listen" "" .Values.config) -}}
{{- end -}}

{{/* Something is asked of the ops API with a token. */}}
{{- define "fanfare.hasTokens" -}}
{{- $tokens := dig "ops" "tokens" (dict) .Values.config -}}
{{- if or (get $tokens "viewer") (get $tokens "operator") -}}true{{- end -}}
{{- end -}}

{{/* What cannot be together, said before anything is installed. */}}
{{- define "fanfare.validate" -}}
{{- if and .Values.autoscaling.enabled .Values.keda.enabled -}}
{{- fail "autoscaling.enabled and keda.enabled: only one of them may scale the pods; KEDA makes a HorizontalPodAutoscaler of its own" -}}
{{- end -}}
{{- if and .Values.monitor.enabled (include "fanfare.hasTokens" .) (not .Values.monitor.tokenSecret.name) -}}
{{- fail "monitor.tokenSecret.name is required: with config.ops.tokens a scrape of /metrics needs the token of a viewer; name the Secret that holds one" -}}
{{- end -}}
{{- if and .Values.monitor.enabled (eq .Values.monitor.kind "ServiceMonitor") (not .Values.service.enabled) -}}
{{- fail "monitor.kind ServiceMonitor needs service.enabled; a PodMonitor does not" -}}
{{- end -}}
{{- if .Values.ingress.enabled -}}
{{- if not (include "fanfare.hasTokens" .) -}}
{{- fail "ingress.enabled needs config.ops.tokens: without tokens the API and the console answer callers on their own machine only" -}}
{{- end -}}
{{- if not .Values.service.enabled -}}{{- fail "ingress.enabled needs service.enabled" -}}{{- end -}}
{{- if not .Values.ingress.hosts -}}{{- fail "ingress.hosts is required with ingress.enabled: [fanfare.example.com]" -}}{{- end -}}
{{- end -}}
{{- range $scaler := list "autoscaling" "keda" -}}
{{- $scaling := get $.Values $scaler -}}
{{- if $scaling.enabled -}}
{{- if lt (int $scaling.maxReplicas) (int $scaling.minReplicas) -}}
{{- fail (printf "%s.maxReplicas is below %s.minReplicas" $scaler $scaler) -}}
{{- end -}}
{{- $partitions := include "fanfare.partitions" $ | int -}}
{{- if and $partitions (gt (int $scaling.maxReplicas) $partitions) -}}
{{- fail (printf "%s.maxReplicas is %d, but the manifests have %d partitions: more replicas than partitions stand idle" $scaler (int $scaling.maxReplicas) $partitions) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The partitions of all topics; 0 where a manifest does not say. */}}
{{- define "fanfare.partitions" -}}
{{- $sum := 0 -}}
{{- $known := not (empty .Values.topics) -}}
{{- range $name, $manifest := .Values.topics -}}
{{- $partitions := dig "kafka" "partitions" 0 (include "fanfare.manifest" (dict "name" $name "manifest" $manifest) | fromYaml) -}}
{{- if $partitions -}}{{- $sum = add $sum (int $partitions) -}}{{- else -}}{{- $known = false -}}{{- end -}}
{{- end -}}
{{- ternary $sum 0 (and $known (not .Values.existingTopicsConfigMap)) -}}
{{- end -}}

{{/* Kubernetes must not kill before the drain is over: shutdown.grace in whole seconds, and ten to commit and leave. */}}
{{- define "fanfare.terminationGracePeriodSeconds" -}}
{{- $grace := dig "shutdown" "grace" "25s" .Values.config -}}
{{- $number := regexFind "^[0-9]+" $grace | int -}}
{{- $unit := trimPrefix (toString $number) $grace -}}
{{- $seconds := get (dict "s" $number "m" (mul $number 60) "h" (mul $number 3600) "ms" (add1 (div $number 1000))) $unit -}}
{{- add $seconds 10 -}}
{{- end -}}
