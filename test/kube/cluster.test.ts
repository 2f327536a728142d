import t from 'tap'
import { inCluster } from '../../src/kube/cluster.ts'

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
