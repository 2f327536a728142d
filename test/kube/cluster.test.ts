import { writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { fromKubeconfig, inCluster } from '../../src/kube/cluster.ts'

t.test('reaches the cluster by what the kubelet puts into the environment of every container', async (t) => {
  for (const [name, value] of [['KUBERNETES_SERVICE_HOST', '10.96.0.1'], ['KUBERNETES_SERVICE_PORT', '443']] as const) {
    const before = process.env[name]
    process.env[name] = value
    t.teardown(() => {
      if (before === undefined) delete process.env[name]
      else process.env[name] = before
    })
  }
  t.match(inCluster().getCurrentCluster(), { server: 'https://10.96.0.1:443', skipTLSVerify: false })
})

t.test("a credential plugin with a path is one of the kubeconfig's folder, and one without of the PATH", async (t) => {
  const folder = t.testdir({})
  const file = join(folder, 'kubeconfig')
  const user = (command: string) => ({ name: command, user: { exec: { command, args: ['x'] } } })
  writeFileSync(file, JSON.stringify({
    clusters: [{ name: 'a', cluster: { server: 'https://a' } }],
    users: [user('./bin/login'), user('../login'), user('/opt/login'), user('login'), { name: 'none', user: { token: 'x' } }, { name: 'odd', user: { exec: { command: 7 } } }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'login' } }],
    'current-context': 'a',
  }))
  const expected = [join(folder, 'bin/login'), join(folder, '../login'), '/opt/login', 'login', undefined, 7]
  for (const path of [file, relative(process.cwd(), file)]) {
    const { users } = fromKubeconfig(path)
    t.strictSame(users.map(({ exec }) => exec?.command), expected)
    t.strictSame(users[0]?.exec?.args, ['x'], 'all else stays')
  }
})
