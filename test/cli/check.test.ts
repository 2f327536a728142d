import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { type Answer, silence, startAnsweringApiServer } from '../support/answering-api-server.ts'
import { configuration, installation } from '../support/check-facts.ts'
import { runUsher } from '../support/usher-process.ts'

const forbidden = (what: string) => ({ refuse: 403, message: `${what} is forbidden: User "me" cannot list resource "${what}" in API group "" at the cluster scope` })
const version = { gitVersion: 'v1.37.2', major: '1', minor: '37' }

function kubeconfig(t: Test, url: string): string {
  const file = join(t.testdir({}), 'kubeconfig')
  const clusters = [{ name: 'a', cluster: { server: url, 'insecure-skip-tls-verify': true } }]
  writeFileSync(file, JSON.stringify({ clusters, users: [{ name: 'a', user: {} }], contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }], 'current-context': 'a' }))
  return file
}

async function check(t: Test, file: string, flags: readonly string[] = []): Promise<{ readonly code: number | null; readonly found: Readonly<Record<string, JsonObject>> }> {
  const { code, stdout } = await runUsher(t, ['check', '--kubeconfig', file, '-o', 'json', ...flags])
  const { checks } = JSON.parse(stdout) as { checks: unknown[] }
  return { code, found: Object.fromEntries(checks.filter(isObject).map((each) => [each['id'], each])) }
}

t.test('wrong usage is told', async (t) => {
  for (const [args, message] of [
    [['-o', 'yaml'], '--output: "yaml" is neither table nor json'],
    [['--only', 'injektion'], '--only: there is no check "injektion"; did you mean injection?'],
    [['now'], 'Unexpected argument'],
    [['--timeout', 'soon'], '--timeout: "soon" is not a number of seconds, or a duration'],
    [['--timeout', '0s'], '--timeout: in "0s" nothing can be asked'],
  ] as const) t.match(await runUsher(t, ['check', ...args]), { code: 2, stderr: message })
})

t.test('who may look at nothing is told so, and that is no failure of usher', async (t) => {
  const api = await startAnsweringApiServer(t, { '/version': version })
  for (const path of ['/apis/apps/v1/daemonsets', '/apis/apps/v1/deployments', '/api/v1/services', '/api/v1/configmaps', '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations']) {
    api.answers[path] = forbidden(path.split('/').at(-1) ?? '')
  }
  const { code, found } = await check(t, kubeconfig(t, api.url))
  t.equal(code, 0)
  t.match(found, {
    permissions: { outcome: 'warning', items: ['configmaps of all namespaces', 'daemonsets of all namespaces', 'deployments of all namespaces', 'services of all namespaces', 'webhook configurations'] },
    installed: { outcome: 'skipped', detail: /^you may not look: / },
    injection: { outcome: 'skipped' },
  })
  t.notOk(Object.values(found).some(({ outcome }) => outcome === 'failed'))
})

/** What the API server lists: the installation of {@link installation}, and others. */
function installed(others: readonly Partial<typeof installation>[] = []): Record<string, Answer> {
  const all = (part: 'daemonSet' | 'deployment' | 'service' | 'configMap') => ({ items: [...others, installation].map((each) => each[part]).filter((each) => each !== undefined) })
  return {
    '/version': version,
    '/apis/apps/v1/daemonsets': all('daemonSet'),
    '/apis/apps/v1/deployments': all('deployment'),
    '/api/v1/services': all('service'),
    '/api/v1/configmaps': all('configMap'),
    '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations': { items: [configuration()] },
  }
}

/** A part of {@link installation}, as it is elsewhere. */
function moved(part: 'daemonSet' | 'deployment' | 'service', namespace: string, change: JsonObject = {}): JsonObject {
  const { metadata, ...rest } = installation[part] ?? {}
  return { ...rest, metadata: { ...(isObject(metadata) ? metadata : {}), namespace }, ...change }
}

t.test('of two installations the one that the API server calls is checked, and nothing is created anywhere', async (t) => {
  const first = { daemonSet: moved('daemonSet', 'a-first'), deployment: moved('deployment', 'a-first'), service: moved('service', 'a-first') }
  const api = await startAnsweringApiServer(t, {
    ...installed([first]),
    '/api/v1/namespaces': { items: [{ metadata: { name: 'default', labels: {} } }] },
    'POST /api/v1/namespaces/default/pods': (_body, query) => (query.get('dryRun') === 'All' ? { metadata: {}, spec: {} } : { refuse: 500 }),
  })
  const { code, found } = await check(t, kubeconfig(t, api.url))
  t.equal(code, 1)
  t.match(found, {
    installed: { outcome: 'failed', items: ['namespace a-first', 'namespace usher-system, checked here: the webhook configuration leads there'] },
    'webhook-registered': { outcome: 'ok' },
    'webhook-reachable': { outcome: 'failed' },
  })
  const changing = api.asked.filter((each) => !each.startsWith('GET '))
  t.same([...new Set(changing)].toSorted(), ['POST /api/v1/namespaces/default/pods'], 'but for the dry run')
})

t.test('what strangers have labelled as usher is no installation', async (t) => {
  const stranger = {
    daemonSet: moved('daemonSet', 'cinema', { spec: { template: { spec: { containers: [{ name: 'lobby' }] } } } }),
    deployment: { ...moved('deployment', 'cinema'), metadata: { name: 'tickets', namespace: 'cinema', labels: { 'app.kubernetes.io/name': 'usher' } } },
  }
  const api = await startAnsweringApiServer(t, installed([stranger]))
  t.match((await check(t, kubeconfig(t, api.url))).found['installed'], { outcome: 'ok', detail: 'usher is installed in usher-system' })
})

t.test('what is not told within --timeout is skipped for that reason, and the rest is printed', async (t) => {
  const api = await startAnsweringApiServer(t, { ...installed(), '/api/v1/namespaces': silence, '/api/v1/nodes': silence })
  const { found } = await check(t, kubeconfig(t, api.url), ['--timeout', '6s'])
  t.match(found['installed'], { outcome: 'ok' })
  t.match(found['webhook-running'], { outcome: 'ok' })
  for (const id of ['lock-on-every-node', 'pods-injected']) t.match(found[id], { outcome: 'skipped', detail: 'it was not told within 6s (--timeout)' }, id)

  api.answers['/version'] = silence
  const none = await check(t, kubeconfig(t, api.url), ['--timeout', '1s'])
  t.equal(none.code, 3, 'an API server that does not answer at all')
  t.match(none.found['api-reachable'], { outcome: 'failed', detail: 'it was not told within 1s (--timeout)' })
})
