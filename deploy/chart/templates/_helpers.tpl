{{- define "usher.labels" -}}
app.kubernetes.io/name: usher
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "usher.selector" -}}
app.kubernetes.io/name: usher
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "usher.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "usher.waitImage" -}}
{{ .Values.waitImage.repository }}:{{ .Values.waitImage.tag | default .Chart.AppVersion }}
{{- end }}

{{/* What the chart knows better stands above what the values say. */}}
{{- define "usher.config" -}}
{{- $lock := dict "image" (include "usher.waitImage" .) "imagePullPolicy" .Values.waitImage.pullPolicy "port" .Values.lock.port -}}
{{- if not .Values.lock.enabled }}{{ $_ := set $lock "enabled" false }}{{ end -}}
{{- if .Values.lock.token }}{{ $_ := set $lock "token" true }}{{ end -}}
{{- mergeOverwrite (deepCopy .Values.config) (dict "systemNamespace" .Release.Namespace "lock" $lock) | toYaml -}}
{{- end }}

{{/* The Secret that is mounted, where the webhook does not make its own. */}}
{{- define "usher.certificateSecret" -}}
{{- if eq .Values.webhook.certificates.source "certManager" }}usher-webhook-cert{{ else }}{{ .Values.webhook.certificates.secretName }}{{ end -}}
{{- end }}

{{/* Pod Security "restricted", and nothing more than that. */}}
{{- define "usher.containerSecurity" -}}
allowPrivilegeEscalation: false
capabilities: { drop: [ALL] }
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{/* What a schema cannot say: values that are wrong together. */}}
{{- define "usher.check" -}}
{{- if eq (int .Values.webhook.port) (int .Values.webhook.probePort) }}
{{- fail "webhook.port and webhook.probePort are the same" }}
{{- end }}
{{- $certificates := .Values.webhook.certificates }}
{{- if and (eq $certificates.source "secret") (not $certificates.secretName) }}
{{- fail "webhook.certificates.source secret takes webhook.certificates.secretName" }}
{{- end }}
{{- if and (ne $certificates.source "secret") (or $certificates.secretName $certificates.caBundle) }}
{{- fail "webhook.certificates.secretName and caBundle are for source secret" }}
{{- end }}
{{- if and (ne $certificates.source "certManager") $certificates.issuerRef }}
{{- fail "webhook.certificates.issuerRef is for source certManager" }}
{{- end }}
{{- if and .Values.lock.token (not .Values.lock.watchPods) }}
{{- fail "lock.token takes lock.watchPods: without, the lock does not reach the API server, which has the keys" }}
{{- end }}
{{- with .Values.lock.gates.cpuPressure }}
{{- if and .open (ge (int .open) (int .close)) }}
{{- fail "lock.gates.cpuPressure.open must be below close" }}
{{- end }}
{{- end }}
{{- with .Values.lock.gates.daemonSets }}
{{- if and .enabled (not $.Values.lock.watchPods) }}
{{- fail "lock.gates.daemonSets takes lock.watchPods: without, the lock sees no pods" }}
{{- end }}
{{- if and .include .exclude }}
{{- fail "lock.gates.daemonSets.include and exclude cannot be used together" }}
{{- end }}
{{- end }}
{{- if and .Values.webhook.hostNetwork .Values.lock.enabled (has (int .Values.lock.port) (list (int .Values.webhook.port) (int .Values.webhook.probePort))) }}
{{- fail "lock.port is a port of the webhook, too, and with webhook.hostNetwork both are of the node" }}
{{- end }}
{{- end }}
