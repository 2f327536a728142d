import { defaultConfig } from '../config/defaults.ts'
import type { DecisionContext, NamespaceFacts } from '../inject/context.ts'
import { injectKey, prefix, tuning } from '../inject/names.ts'
import type { Reason } from '../inject/reasons.ts'
import type { Changed } from '../manifest/change-workloads.ts'
import { injectDocument, type Injection } from '../manifest/inject.ts'
import type { Workload } from '../manifest/workloads.ts'
import { type Paint, paintFor } from '../terminal/paint.ts'
import { showReason } from '../terminal/reason.ts'
import { changeManifests, type DocumentPlace, type Form, titleOf } from './change-manifests.ts'
import { closest, type Command, type FlagValues, readKubeVersion, UsageError } from './command.ts'
import { manifestFlags, outputFlag, readForm } from './manifest-flags.ts'
import { findSources, type ManifestSource, type MissingSource } from './manifest-sources.ts'

// The newest that usher knows; a manifest says nothing of the cluster that it is for.
const newestVersion = '1.37'

/** `usher inject` */
export const injectCommand: Command = {
  name: 'inject',
  summary: 'inject the workloads in manifests, as the webhook would',
  description:
    'Reads manifests and writes them with their pod templates (of Pod, Deployment, StatefulSet, ReplicaSet, ' +
    'ReplicationController, DaemonSet, Job and CronJob, also in Lists) as the webhook would make their pods in an ' +
    'enabled namespace. Everything else stays as it is, byte for byte: comments, order and style. A document that ' +
    'cannot be read passes unchanged and is named on stderr; the exit code is 1 then. usher uninject takes out again ' +
    'what was put in.',
  flags: {
    ...manifestFlags,
    output: outputFlag('; reasons: what was decided about each workload, and why'),
    json: { type: 'boolean', help: 'with -o reasons: one JSON object a line for each workload' },
    'kube-version': { type: 'string', value: 'VERSION', default: newestVersion, help: 'version of the API server that they are for' },
    config: { type: 'string', value: 'FILE', help: 'configuration file, YAML (docs/reference.md)' },
    namespace: { type: 'string', short: 'n', value: 'NAME', default: 'default', help: 'namespace of what names none' },
    'namespace-annotation': {
      type: 'string',
      value: 'KEY=VALUE',
      multiple: true,
      help: 'annotation that the namespaces have, such as usher.dev/nap=20s',
    },
    'namespace-label': {
      type: 'string',
      value: 'KEY=VALUE',
      multiple: true,
      help: 'label that the namespaces have beside usher.dev/inject=enabled, such as istio-injection=enabled',
    },
  },
  examples: [
    'usher inject -f web.yaml | kubectl apply -f -',
    'kubectl create deployment web --image=nginx --dry-run=client -o yaml | usher inject -f - | kubectl apply -f -',
    'usher inject -f manifests/ -R --diff',
    'usher inject -f web.yaml -o reasons --namespace-annotation usher.dev/nap=20s',
  ],
  async run(values, output) {
    const sources = await findSources(values)
    const contextOf = await readContext(values)
    const form = formOf(values, sources, paintFor(output.stdout))
    return changeManifests<Injection>(
      {
        command: 'inject',
        sources,
        form,
        quiet: values.isOn('quiet'),
        change: (text) => injectDocument(text, contextOf),
        describe: ({ result }) => [...new Set(result.reasons.map(shortReason))].join(', '),
        // What is printed already need not be said twice.
        warnings: ({ result }) => (values.text('output') === 'reasons' ? [] : result.warnings),
      },
      output,
    )
  },
}

async function readContext(values: FlagValues): Promise<(workload: Workload) => DecisionContext> {
  const kubeVersion = readKubeVersion(values, 'kube-version')
  const annotations = readPairs(values, 'namespace-annotation')
  for (const key of Object.keys(annotations)) checkAnnotation(key)
  const labels = { ...readPairs(values, 'namespace-label'), [injectKey]: 'enabled' }
  if (values.texts('namespace-label').some((text) => text.startsWith(`${injectKey}=`))) {
    throw new UsageError(`--namespace-label: ${injectKey} is always enabled here`)
  }
  const name = values.text('namespace') ?? 'default'
  if (!namespaceName.test(name)) throw new UsageError(`--namespace: ${JSON.stringify(name)} is not a name that a namespace can have`)
  const configFile = values.text('config')
  // Loaded where it is asked for: the schema costs more than all the rest.
  const config = configFile === undefined ? defaultConfig : await (await import('../config/load.ts')).loadConfig(configFile)
  const namespace: NamespaceFacts = { name, labels, annotations }
  return (workload) => ({
    config,
    namespace: { ...namespace, name: workload.namespace ?? name },
    kubeVersion,
    lockAvailable: true,
  })
}

// RFC 1123, as the API server has it.
const namespaceName = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/

// A qualified name: an optional DNS subdomain and a slash before a name of up to 63 characters.
const qualifiedName = /^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/

function readPairs(values: FlagValues, flag: string): Record<string, string> {
  const pairs: Record<string, string> = {}
  for (const text of values.texts(flag)) {
    const at = text.indexOf('=')
    const key = text.slice(0, Math.max(at, 0))
    if (!qualifiedName.test(key)) throw new UsageError(`--${flag}: ${JSON.stringify(text)} is not KEY=VALUE`)
    pairs[key] = text.slice(at + 1)
  }
  return pairs
}

/** A typing error would go unseen: the namespace's annotations may be about anything. */
function checkAnnotation(key: string): void {
  const known: readonly string[] = Object.values(tuning)
  if (!key.startsWith(prefix) || known.includes(key)) return
  const nearest = closest(key, known)
  const hint = key === injectKey ? `${injectKey} is a label of namespaces` : nearest === undefined ? `known are ${known.join(', ')}` : `did you mean ${nearest}?`
  throw new UsageError(`--namespace-annotation: ${JSON.stringify(key)} is not one that usher knows; ${hint}`)
}

function formOf(values: FlagValues, sources: readonly (ManifestSource | MissingSource)[], paint: Paint): Form<Injection> {
  const form = readForm<Injection, 'reasons'>(values, sources, ['reasons'])
  const asJson = values.isOn('json')
  if (asJson && form !== 'reasons') throw new UsageError('--json goes with -o reasons')
  return form === 'reasons' ? { kind: 'lines', lines: (changed, place) => reasonsOf(changed, place, asJson, paint) } : form
}

function reasonsOf(changed: Changed<Injection> | undefined, place: DocumentPlace, asJson: boolean, paint: Paint): readonly string[] {
  return (changed?.workloads ?? []).flatMap(({ workload, line, isChanged, result }) => {
    const { kind, name, namespace } = workload
    const { reasons, warnings } = result
    const at = { ...place, line: place.line + line - 1 }
    if (asJson) return [JSON.stringify({ ...at, kind, namespace, name, isChanged, reasons, warnings })]
    return [
      `${paint('bold', titleOf(workload))}${paint('gray', `  ${at.source}: document ${at.document}, line ${at.line}`)}`,
      ...reasons.map((reason) => `  ${showReason(reason, paint)}`),
      ...warnings.map((warning) => `  ${paint('yellow', `warning: ${warning}`)}`),
      '',
    ]
  })
}

function shortReason({ code, containers }: Reason): string {
  return containers === undefined ? code : `${code} (${containers.join(', ')})`
}
