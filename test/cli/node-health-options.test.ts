import t from 'tap'
import { readFlags, UsageError } from '../../src/cli/command.ts'
import { type NodeHealthCommandOptions, readNodeHealthOptions } from '../../src/cli/node-health-options.ts'
import { nodeHealthCommand } from '../../src/cli/node-health.ts'
import { runUsher } from '../support/usher-process.ts'

const inCluster = { KUBERNETES_SERVICE_HOST: '10.0.0.1', NODE_NAME: 'n1' }

function read(args: readonly string[], environment: Readonly<Record<string, string>> = inCluster): NodeHealthCommandOptions {
  return readNodeHealthOptions(readFlags(nodeHealthCommand, args), environment)
}

const all = { namespace: undefined, hostNetwork: false, include: [], exclude: [] }

t.test('without flags: as k8s-health without flags', async (t) => {
  t.strictSame(read([]), {
    host: '',
    port: 9999,
    daemonSets: { node: 'n1', filter: all, failPauseMs: 10_000, passPauseMs: 60_000, baseUrl: undefined, kubeconfig: undefined, ownPod: undefined },
    cpu: undefined,
    level: 'info',
  })
})

t.test('the flags of k8s-health, with one dash or two, as Go reads them', async (t) => {
  const args = ['-host', '127.0.0.1', '--port=1234', '-baseUrl', 'http://127.0.0.1:8001', '-namespace=kube-system', '-hostNet', '-failHc', '3', '--passHc', '4', '-in', 'app:a', '--in', 'tier:b']
  t.match(read(args, { NODE_NAME: 'n1' }), {
    host: '127.0.0.1',
    port: 1234,
    daemonSets: {
      node: 'n1',
      baseUrl: 'http://127.0.0.1:8001',
      filter: { namespace: 'kube-system', hostNetwork: true, include: [{ name: 'app', value: 'a' }, { name: 'tier', value: 'b' }], exclude: [] },
      failPauseMs: 3_000,
      passPauseMs: 4_000,
    },
  })
  t.match(read(['--ex', 'app:a', '-ex', 'app:b']).daemonSets?.filter.exclude, [{ name: 'app', value: 'a' }, { name: 'app', value: 'b' }])
  for (const [text, is] of [['true', true], ['1', true], ['T', true], ['false', false], ['0', false]] as const) {
    t.equal(read([`-hostNet=${text}`]).daemonSets?.filter.hostNetwork, is, text)
  }
})

t.test('the fork’s variables; flags beat them, and empty ones say nothing', async (t) => {
  const environment = {
    KUBERNETES_SERVICE_HOST: '10.0.0.1',
    PSL_BIND_HOST: '192.0.2.1',
    PSL_BIND_PORT: '8080',
    PSL_NODE_NAME: 'n2',
    PSL_K8S_API_URL: 'http://192.0.2.2',
    PSL_HC_DAEMONSET_NAMESPACE: 'ops',
    PSL_HC_DAEMONSET_HOST_NETWORK: 'true',
    PSL_HC_DAEMONSET_INCLUDE_LABELS: 'app:test, version:1.1',
    PSL_HC_DAEMONSET_PERIOD_FAIL: '5s',
    PSL_HC_DAEMONSET_PERIOD_PASS: '2m',
    PSL_HC_NODELOAD_ENABLED: 'true',
    PSL_HC_NODELOAD_CPU_THRESHOLD: '60',
    PSL_HC_NODELOAD_PERIOD: '20s',
  }
  t.match(read([], environment), {
    host: '192.0.2.1',
    port: 8080,
    daemonSets: {
      node: 'n2',
      baseUrl: 'http://192.0.2.2',
      filter: { namespace: 'ops', hostNetwork: true, include: [{ name: 'app', value: 'test' }, { name: 'version', value: '1.1' }] },
      failPauseMs: 5_000,
      passPauseMs: 120_000,
    },
    cpu: { threshold: 60, periodMs: 20_000 },
  })
  const flags = ['--port', '1', '--node', 'n3', '--namespace', 'shop', '--in', 'a:b', '--failHc', '7', '--cpu-threshold', '50', '--cpu-period', '3s']
  t.match(read(flags, environment), { port: 1, daemonSets: { node: 'n3', filter: { namespace: 'shop', include: [{ name: 'a', value: 'b' }] }, failPauseMs: 7_000 }, cpu: { threshold: 50, periodMs: 3_000 } })
  const empty = Object.fromEntries(Object.keys(environment).map((name) => [name, '']))
  t.strictSame(read([], { ...empty, ...inCluster }), read([]))
})

t.test('the CPUs are looked at where somebody wants it', async (t) => {
  t.strictSame(read([], { ...inCluster, PSL_HC_NODELOAD_ENABLED: 'true' }).cpu, { threshold: 80, periodMs: 10_000 })
  t.equal(read([], { ...inCluster, PSL_HC_NODELOAD_CPU_THRESHOLD: '60' }).cpu, undefined)
  t.strictSame(read(['--cpu-threshold', '0']).cpu, { threshold: 0, periodMs: 10_000 })
  t.equal(read(['--cpu-threshold', '9', '--cpu-period', '0']).cpu?.periodMs, 100)
})

t.test('without DaemonSets it needs no node and no cluster', async (t) => {
  t.equal(read(['--daemonsets', 'off', '--cpu-threshold', '80'], {}).daemonSets, undefined)
  t.equal(read([], { PSL_HC_DAEMONSET_ENABLED: 'false' }).daemonSets, undefined)
  t.equal(read(['--daemonsets', 'on'], { ...inCluster, PSL_HC_DAEMONSET_ENABLED: 'false' }).daemonSets?.node, 'n1')
})

t.test('what makes no sense is refused, and named', async (t) => {
  for (const [args, environment, message] of [
    [[], { KUBERNETES_SERVICE_HOST: 'x' }, 'NODE_NAME must say which node this is, or --node'],
    [[], { NODE_NAME: 'n1' }, 'there is no cluster here; --kubeconfig FILE names one, or --baseUrl URL'],
    [['--in', 'a:b', '--ex', 'c:d'], inCluster, '--in and --ex cannot be used together'],
    [['--in', 'a:b'], { ...inCluster, PSL_HC_DAEMONSET_EXCLUDE_LABELS: 'c:d' }, '--in and --ex cannot be used together'],
    [['--in', 'a=b'], inCluster, '--in: "a=b" is not LABEL:VALUE'],
    [[], { ...inCluster, PSL_HC_DAEMONSET_EXCLUDE_LABELS: 'a:b,c' }, 'PSL_HC_DAEMONSET_EXCLUDE_LABELS: "c" is not LABEL:VALUE'],
    [['--baseUrl', 'ftp://127.0.0.1'], inCluster, '--baseUrl: "ftp://127.0.0.1" is not [http[s]://]HOST[:PORT]'],
    [['--baseUrl', 'http://x', '--kubeconfig', 'f'], inCluster, '--kubeconfig: --baseUrl says already where the cluster is'],
    [['--cpu-threshold', '101'], inCluster, '--cpu-threshold: "101" is not a whole number from 0 to 100'],
    [['--daemonsets', 'no'], inCluster, '--daemonsets: "no" is neither on nor off'],
    [['--port', '65536'], inCluster, '--port: "65536" is not a whole number from 0 to 65535'],
  ] as const) {
    t.throws(() => read(args, environment), { name: UsageError.name, message }, message)
  }
})

t.test('--in with --ex ends with 2, as a command line that is not understood', async (t) => {
  const { code, stderr } = await runUsher(t, ['node-health', '-in', 'a:b', '-ex', 'c:d'], { env: inCluster })
  t.strictSame({ code, stderr }, { code: 2, stderr: 'usher node-health: --in and --ex cannot be used together\nusher node-health --help lists the flags\n' })
})
