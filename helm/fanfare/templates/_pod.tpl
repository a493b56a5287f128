{{/* The pods of a Deployment or a StatefulSet. */}}
{{- define "fanfare.podTemplate" -}}
metadata:
  labels:
    {{- include "fanfare.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    # A new configuration needs a new process. Topic manifests do not: they are reloaded.
    checksum/config: {{ include "fanfare.config" . | sha256sum }}
    {{- with .Values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  serviceAccountName: {{ include "fanfare.serviceAccountName" . }}
  terminationGracePeriodSeconds: {{ include "fanfare.terminationGracePeriodSeconds" . }}
  {{- include "fanfare.podBasics" (dict "root" . "seccompProfile" .Values.seccompProfile) | nindent 2 }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.topologySpreadConstraints }}
  topologySpreadConstraints: {{- toYaml . | nindent 4 }}
  {{- else }}
  {{- if .Values.spread }}
  topologySpreadConstraints:
    {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - maxSkew: 1
      topologyKey: {{ $key }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector: { matchLabels: {{- include "fanfare.selectorLabels" $ | fromYaml | toJson | printf " %s" }} }
    {{- end }}
  {{- end }}
  {{- end }}
  {{- with .Values.initContainers }}
  initContainers: {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: fanfare
      {{- include "fanfare.containerBasics" . | nindent 6 }}
      args: [serve, --config, /etc/fanfare/fanfare.yaml]
      {{- if or .Values.env (eq .Values.kind "StatefulSet") }}
      env:
        {{- if eq .Values.kind "StatefulSet" }}
        - { name: POD_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
        {{- end }}
        {{- with .Values.env }}{{ toYaml . | nindent 8 }}{{ end }}
      {{- end }}
      {{- with .Values.envFrom }}
      envFrom: {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - { name: ops, containerPort: 8080, protocol: TCP }
        {{- with include "fanfare.publicKeysPort" . }}
        - { name: public-keys, containerPort: {{ . }}, protocol: TCP }
        {{- end }}
      startupProbe:
        httpGet: { path: /livez, port: ops }
        {{- toYaml .Values.probes.startup | nindent 8 }}
      livenessProbe:
        httpGet: { path: /livez, port: ops }
        {{- toYaml .Values.probes.liveness | nindent 8 }}
      readinessProbe:
        httpGet: { path: /readyz, port: ops }
        {{- toYaml .Values.probes.readiness | nindent 8 }}
      resources: {{- toYaml .Values.resources | nindent 8 }}
      {{- include "fanfare.volumeMounts" . | nindent 6 }}
        {{- if include "fanfare.hasReceiptIndex" . }}
        - { name: receipt-index, mountPath: /var/lib/fanfare }
        {{- end }}
    {{- with .Values.extraContainers }}{{ toYaml . | nindent 4 }}{{ end }}
  {{- include "fanfare.volumes" (dict "root" . "config" (include "fanfare.fullname" .) "topics" (include "fanfare.topicsConfigMap" .)) | nindent 2 }}
    {{- if include "fanfare.hasReceiptIndex" . }}
    # A copy of a topic: it may go with the pod.
    - { name: receipt-index, emptyDir: {} }
    {{- end }}
{{- end -}}

{{/* Whether the bridge keeps an index of receipts where the chart has a place for it. */}}
{{- define "fanfare.hasReceiptIndex" -}}
{{- $index := dig "receipts" "index" dict .Values.config -}}
{{- $isMounted := false -}}
{{- range .Values.extraVolumeMounts }}{{ if hasPrefix "/var/lib/fanfare" .mountPath }}{{ $isMounted = true }}{{ end }}{{ end -}}
{{- if and $index.enabled (not $isMounted) (hasPrefix "/var/lib/fanfare/" (default "/var/lib/fanfare/" $index.path)) }}true{{ end -}}
{{- end -}}

{{/* Of every pod of the chart, those of hooks and tests included: root, and the seccomp profile. */}}
{{- define "fanfare.podBasics" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- toYaml .root.Values.podSecurityContext | nindent 2 }}
  seccompProfile: {{- toYaml .seccompProfile | nindent 4 }}
{{- with .root.Values }}
{{- with .imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .hostAliases }}
hostAliases: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .dnsConfig }}
dnsConfig: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Of pods that do not serve: the chart's own profile is for `fanfare serve`. */}}
{{- define "fanfare.helperBasics" -}}
{{- include "fanfare.podBasics" (dict "root" . "seccompProfile" (dict "type" "RuntimeDefault")) -}}
{{- end -}}

{{- define "fanfare.containerBasics" -}}
image: {{ include "fanfare.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end -}}

{{- define "fanfare.volumeMounts" -}}
volumeMounts:
  - { name: config, mountPath: /etc/fanfare/fanfare.yaml, subPath: fanfare.yaml, readOnly: true }
  # The whole folder, not single files: only so Kubernetes brings changes to a running pod.
  - { name: topics, mountPath: /etc/fanfare/topics, readOnly: true }
  {{- range $i, $secret := .Values.secrets }}
  - { name: secret-{{ $i }}, mountPath: {{ $secret.mountPath | quote }}, readOnly: true }
  {{- end }}
  {{- with .Values.extraVolumeMounts }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end -}}

{{/* root, and the names of the ConfigMaps: config, topics. */}}
{{- define "fanfare.volumes" -}}
volumes:
  - name: config
    configMap: { name: {{ .config }} }
  - name: topics
    configMap: { name: {{ .topics }} }
  {{- range $i, $secret := .root.Values.secrets }}
  - name: secret-{{ $i }}
    secret:
      secretName: {{ $secret.secretName }}
      defaultMode: 0440
      {{- with $secret.items }}
      items: {{- toYaml . | nindent 8 }}
      {{- end }}
  {{- end }}
  {{- with .root.Values.extraVolumes }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end -}}

{{/* The manifests as data of a ConfigMap. */}}
{{- define "fanfare.topicsData" -}}
{{- with .Values.topics }}
data:
  {{- range $name, $manifest := . }}
  {{ $name }}.yaml: |
    {{- if kindIs "string" $manifest }}
    {{- $manifest | nindent 4 }}
    {{- else }}
    {{- toYaml $manifest | nindent 4 }}
    {{- end }}
  {{- end }}
{{- else }}
data: {}
{{- end }}
{{- end -}}
