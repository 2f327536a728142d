import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startAnsweringApiServer } from '../support/answering-api-server.ts'
import { runUsher } from '../support/usher-process.ts'

function kubeconfig(t: Test, url: string): string {
  const file = join(t.testdir({}), 'kubeconfig')
  const clusters = [{ name: 'a', cluster: { server: url, 'insecure-skip-tls-verify': true } }]
  writeFileSync(file, JSON.stringify({ clusters, users: [{ name: 'a', user: {} }], contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }], 'current-context': 'a' }))
  return file
}

t.test('wrong usage is told', async (t) => {
  for (const [args, message] of [
    [['install', '--dry-run', 'client'], '--dry-run: "client" is neither none nor server; usher install --print prints what is applied'],
    [['install', '--dry-run', 'all'], '--dry-run: "all" is neither none nor server\n'],
    [['install', '--print', '--dry-run', 'server'], '--print and --dry-run do not go together'],
    [['install', '--timeout', 'soon'], '--timeout: "soon" is not a number of seconds, or a duration'],
    [['install', '-n', 'A_b'], '--namespace: "A_b" is not a name that a namespace can have'],
    [['install', '--image', 'a b'], '--image: "a b" is not the name of an image, such as registry.example.com/usher:'],
    [['install', '--wait-image', 'https://x'], '--wait-image: "https://x" is not the name of an image'],
    [['install', '-f', 'x.yaml', '--image', 'x'], '--image does not go with -f'],
    [['install', '-f', 'x.yaml', '-n', 'x'], '--namespace does not go with -f'],
    [['install', 'now'], '"now" is no flag; files are given with -f'],
    [['uninstall', '--dry-run', 'client'], '--dry-run: "client" is neither none nor server; usher uninstall --dry-run server names what would go'],
    [['uninstall', 'now'], 'Unexpected argument'],
  ] as const) t.match(await runUsher(t, args), { code: 2, stdout: '', stderr: message }, args.join(' '))
})

t.test('what is no chart of usher is not installed, and why is said of all of it', async (t) => {
  const pod = 'apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n'
  t.match(await runUsher(t, ['install', '--print', '-f', '-'], { stdin: `${pod}---\n${pod}` }), {
    code: 1,
    stdout: '',
    stderr: /^usher install: this cannot be installed:\n {2}Pod a: usher's chart has no such object.*\n {2}Pod a: /,
  })
  t.match(await runUsher(t, ['install', '--print', '-f', '-']), { code: 1, stderr: /there is no usher in it: .*helm template usher/ })
  t.match(await runUsher(t, ['install', '--print', '-f', '-'], { stdin: 'a: [' }), { code: 1, stderr: /^usher install: standard input:1: / })
  t.match(await runUsher(t, ['install', '--print', '-f', 'nowhere.yaml']), { code: 1, stderr: /nowhere\.yaml: it cannot be read: there is no such file/ })
})

t.test('what is printed can be installed again, and is the same', async (t) => {
  const { stdout } = await runUsher(t, ['install', '--print', '-n', 'elsewhere'])
  t.equal((await runUsher(t, ['install', '--print', '-f', '-'], { stdin: stdout })).stdout, stdout)
})

t.test('no cluster, a wrong one, one that is too old, one that does not let us look', async (t) => {
  const api = await startAnsweringApiServer(t, { '/version': { major: '1', minor: '28' } })
  for (const command of ['install', 'uninstall']) {
    const run = (...args: readonly string[]) => runUsher(t, [command, ...args], { env: { HOME: '/nowhere' } })
    t.match(await run(), { code: 3, stderr: /no cluster is chosen: there is no kubeconfig/ })
    t.match(await run('--kubeconfig', kubeconfig(t, api.url), '--context', 'b'), { code: 3, stderr: /there is no context "b"; there are a$/m })
    t.match(await run('--kubeconfig', kubeconfig(t, 'http://127.0.0.1:1')), { code: 3, stderr: /cannot be reached at http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/ })
  }
  t.match(await runUsher(t, ['install', '--kubeconfig', kubeconfig(t, api.url)]), { code: 1, stderr: /the cluster cannot have usher: its version 1\.28 is older than 1\.29, the oldest that usher supports/ })
  api.answers['/api/v1/namespaces'] = { refuse: 403, message: 'namespaces is forbidden' }
  for (const path of ['apps/v1/daemonsets', 'apps/v1/deployments']) api.answers[`/apis/${path}`] = { refuse: 403 }
  for (const path of ['serviceaccounts', 'configmaps', 'services']) api.answers[`/api/v1/${path}`] = { items: [] }
  for (const path of ['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings']) api.answers[`/apis/rbac.authorization.k8s.io/v1/${path}`] = { items: [] }
  for (const path of ['networking.k8s.io/v1/networkpolicies', 'policy/v1/poddisruptionbudgets', 'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations']) api.answers[`/apis/${path}`] = { items: [] }
  t.match(await runUsher(t, ['uninstall', '--kubeconfig', kubeconfig(t, api.url)]), {
    code: 1,
    stderr: /^usher uninstall: you may not list namespaces, daemonsets, deployments of all namespaces: .* choose a context that has them \(--context\)\n/,
  })
  t.notOk(api.asked.some((each) => !each.startsWith('GET ')), 'nothing was changed anywhere')
})
