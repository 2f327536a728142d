import { defaultConfig } from '../../src/config/defaults.ts'
import { decide } from '../../src/inject/decide.ts'
import { evictKey, injectKey, statusKey, tuning } from '../../src/inject/names.ts'
import { codeOf, plain, tableOf } from './markdown.ts'

const meanings: Readonly<Record<Exclude<keyof typeof tuning, 'dependsOn'>, string>> = {
  nap: 'How long each container sleeps before its SIGTERM, by a preStop hook. The grace period is raised by as much.',
  napMethod: 'Who sleeps: the kubelet (`native`, Kubernetes 1.30 or newer), usher\'s own binary (`exec`), or the better one that there is (`auto`).',
  napContainers: 'The containers that nap, by their names, separated by commas.',
  lock: 'Whether the pod waits for the lock of its node. On a pod of a Job, `enabled` makes it wait, which no Job does by itself.',
  lockLease: 'How long its turn may last, whether it is up or not.',
  lockMaxWait: 'How long it waits for its turn; then it starts without.',
  lockWeight: 'How many permits its turn takes.',
  lockPosition: 'Where among the init containers `usher-lock` is put.',
}

/** What turns usher on and off, what tunes it, and what it writes, in Markdown. */
export function annotationReference(): readonly string[] {
  const rows = Object.entries(meanings).map(([name, meaning]) => {
    const key = tuning[name as keyof typeof meanings]
    const { allowed, fallback } = spokenOf(key)
    return [codeOf(key), fallback.includes(' ') ? fallback : codeOf(fallback.replaceAll('"', '')), plain(allowed), meaning]
  })
  const gate = [codeOf(tuning.dependsOn), 'nothing', 'a list such as `job/db, service/shop/redis:timeout=5m`, or `disabled`', 'What must be healthy before the pod queues for the lock ([depends-on](depends-on.md)).']
  return [
    'On and off; any opt-out wins over any opt-in. Pods that run already stay as they are.',
    '',
    ...tableOf(['what', 'on', 'effect'], [
      [`label \`${injectKey}: enabled\``, 'namespace', 'its pods are injected when they are created'],
      [`label \`${injectKey}: audit\``, 'namespace', 'what would be done is logged and counted; nothing is changed ([audit mode](webhook.md#audit-mode))'],
      [`label \`${injectKey}: disabled\``, 'namespace', 'none of its pods is injected, whatever they say themselves'],
      [`label \`${injectKey}: enabled\``, 'pod', 'opts in, where the namespace has no such label'],
      [`label \`${injectKey}: disabled\``, 'pod', 'opts out, before the webhook is even called'],
      [`annotation \`${injectKey}: disabled\``, 'pod', 'opts out; `false`, `no` and `off` read the same'],
    ]),
    '',
    'Annotations that tune, on a pod (template), or on a namespace as the default of its pods. Pod beats namespace beats',
    '[configuration](#configuration). A value that is not allowed is as if it were not there, and `kubectl` prints a warning.',
    'Defaults and limits are those of a configuration that says nothing.',
    '',
    ...tableOf(['annotation', 'default', 'allowed', 'meaning'], [...rows, gate]),
    '',
    'What usher writes on a pod:',
    '',
    ...tableOf(['annotation', 'what it says'], [
      [codeOf(statusKey), 'what was done, and what was there before, so that `usher uninject` can take it out again'],
      [`annotation ${codeOf(tuning.dependsOn)}`, 'what holds of it, where that is the namespace\'s or the configuration\'s, or less than what the pod asks for'],
      [codeOf(evictKey), 'the volume `usher-bin` is added to what there is, where naps are exec\'d: it holds nothing that an eviction would lose'],
      ['`traffic.sidecar.istio.io/excludeOutboundPorts`, `config.linkerd.io/skip-outbound-ports`', 'the lock\'s port is added, in a [mesh](install.md#meshes)'],
    ]),
  ]
}

interface Spoken {
  readonly allowed: string
  readonly fallback: string
}

/** What usher itself says about an annotation to whoever writes what it cannot read. */
function spokenOf(key: string): Spoken {
  const pod = { metadata: { annotations: { [key]: '?' } }, spec: { containers: [{ name: 'main', image: 'main' }] } }
  const { warnings } = decide(pod, { config: defaultConfig, namespace: { name: 'default' }, kubeVersion: { major: 1, minor: 37 }, lockAvailable: true })
  const [, allowed, fallback] = /"\?" is not (.+); (.+) is used$/.exec(warnings[0] ?? '') ?? []
  if (allowed === undefined || fallback === undefined) throw new Error(`${key}: there is no warning about "?", but ${JSON.stringify(warnings)}`)
  return { allowed, fallback }
}
