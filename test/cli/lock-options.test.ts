import { join } from 'node:path'
import t from 'tap'
import { readFlags, UsageError } from '../../src/cli/command.ts'
import { type LockCommandOptions, readLockOptions } from '../../src/cli/lock-options.ts'
import { lockCommand } from '../../src/cli/lock.ts'
import { runUsher } from '../support/usher-process.ts'

const inCluster = { KUBERNETES_SERVICE_HOST: '10.0.0.1', NODE_NAME: 'n1' }

function read(args: readonly string[], environment: Readonly<Record<string, string>> = {}): LockCommandOptions {
  return readLockOptions(readFlags(lockCommand, args), environment)
}

t.test('the cluster: the one of --kubeconfig, else the one in which it runs, else none', async (t) => {
  t.equal(read([]).cluster, undefined)
  t.strictSame(read([], inCluster).cluster, { node: 'n1', kubeconfig: undefined })
  t.strictSame(read(['--node', 'n2'], inCluster).cluster, { node: 'n2', kubeconfig: undefined }, 'the flag beats the environment')
  t.strictSame(read(['--kubeconfig', 'f'], inCluster).cluster, { node: 'n1', kubeconfig: 'f' })
  t.strictSame(read(['--kubeconfig', 'f', '--node', 'n2']).cluster, { node: 'n2', kubeconfig: 'f' })
  t.strictSame(read(['--kubeconfig', 'f'], { NODE_NAME: 'n1' }).cluster, { node: 'n1', kubeconfig: 'f' })
})

t.test('an environment that is of something else leads to no cluster: the older service ran in any', async (t) => {
  t.equal(read([], { NODE_NAME: 'n1' }).cluster, undefined)
  t.equal(read([], { KUBERNETES_SERVICE_HOST: '10.0.0.1' }).cluster, undefined)
  t.equal(read([], { ...inCluster, NODE_NAME: '' }).cluster, undefined)
  t.equal(read([], { ...inCluster, KUBERNETES_SERVICE_HOST: '' }).cluster, undefined)
  t.equal(read(['--node', '', '--kubeconfig', '']).cluster, undefined, 'flags that are empty say nothing')
})

t.test('what somebody gets of whom nothing is known', async (t) => {
  t.equal(read([]).unknown, 'anonymous')
  t.equal(read(['--unknown', 'anonymous']).unknown, 'anonymous')
  t.equal(read(['--unknown', 'refuse']).unknown, 'refuse')
})

t.test('a gate of CPU pressure is there where it is said when it closes; it opens at half of that, unless said otherwise', async (t) => {
  t.equal(read([]).pressure, undefined)
  t.strictSame(read(['--cpu-pressure-close', '85']).pressure, { close: 85, open: 43 })
  t.strictSame(read(['--cpu-pressure-close', '90', '--cpu-pressure-open', '40']).pressure, { close: 90, open: 40 })
})

t.test('the bounds of an idle core', async (t) => {
  t.match(read([]).settings, { idleCores: 0.8, pressureBound: 40 })
  t.match(read(['--idle-cores', '1.25', '--pressure-bound', '100']).settings, { idleCores: 1.25, pressureBound: 100 })
})

t.test('starts are learned from, unless it is said otherwise', async (t) => {
  t.equal(read([]).learn, true)
  t.equal(read(['--learn', 'on']).learn, true)
  t.equal(read(['--learn=off']).learn, false)
})

t.test('the gate of DaemonSets, and which count', async (t) => {
  t.equal(read([], inCluster).daemonSets, undefined)
  const all = { namespace: undefined, hostNetwork: false, include: [], exclude: [] }
  t.strictSame(read(['--daemonsets'], inCluster).daemonSets, { filter: all, ownPod: undefined })
  t.strictSame(read(['--daemonsets'], { ...inCluster, POD_UID: 'u' }).daemonSets, { filter: all, ownPod: 'u' })
  const flags = ['--daemonsets', '--daemonsets-namespace', 'kube-system', '--daemonsets-host-net', '--daemonsets-in', 'app:cni', '--daemonsets-in', 'tier:a']
  t.strictSame(read(flags, inCluster).daemonSets?.filter, {
    namespace: 'kube-system',
    hostNetwork: true,
    include: [{ name: 'app', value: 'cni' }, { name: 'tier', value: 'a' }],
    exclude: [],
  })
})

t.test('flags that make no sense are refused, with what is missing', async (t) => {
  for (const [args, environment, message] of [
    [['--kubeconfig', 'f'], {}, '--kubeconfig: --node must say which node this is'],
    [['--kubeconfig', 'f', '--node', ''], inClusterWithout('NODE_NAME'), '--kubeconfig: --node must say which node this is'],
    [['--node', 'n1'], {}, '--node: there is no cluster here; --kubeconfig FILE names one'],
    [['--node', 'n1'], inClusterWithout('KUBERNETES_SERVICE_HOST'), '--node: there is no cluster here; --kubeconfig FILE names one'],
    [['--daemonsets'], {}, '--daemonsets: --node must say which node this is, and --kubeconfig of which cluster, or it must run there'],
    [['--daemonsets-host-net'], inCluster, '--daemonsets-host-net: it says nothing without --daemonsets'],
    [['--daemonsets', '--daemonsets-in', 'app'], inCluster, '--daemonsets-in: "app" is not LABEL:VALUE'],
    [['--daemonsets', '--daemonsets-in', 'a:b', '--daemonsets-ex', 'c:d'], inCluster, '--daemonsets-in and --daemonsets-ex cannot be used together'],
    [['--unknown', 'deny'], {}, '--unknown: "deny" is neither anonymous nor refuse'],
    [['--unknown', ''], inCluster, '--unknown: "" is neither anonymous nor refuse'],
    [['--learn', 'yes'], {}, '--learn: "yes" is neither on nor off'],
    [['--learn='], {}, '--learn: "" is neither on nor off'],
    [['--idle-cores', '0'], {}, '--idle-cores: "0" is not a number such as 0.8, from 0.1 to 1000'],
    [['--idle-cores=-1'], {}, '--idle-cores: "-1" is not a number such as 0.8, from 0.1 to 1000'],
    [['--idle-cores', '1e1'], {}, '--idle-cores: "1e1" is not a number such as 0.8, from 0.1 to 1000'],
    [['--pressure-bound', '101'], {}, '--pressure-bound: "101" is not a whole number from 0 to 100'],
    [['--cpu-pressure-close', '100'], {}, '--cpu-pressure-close: "100" is not a whole number from 0 to 99'],
    [['--cpu-pressure-close', '85%'], {}, '--cpu-pressure-close: "85%" is not a whole number from 0 to 99'],
    [['--cpu-pressure-close', '40', '--cpu-pressure-open', '40'], {}, '--cpu-pressure-open: 40 is not below --cpu-pressure-close, 40'],
    [['--cpu-pressure-open', '40'], {}, '--cpu-pressure-open: --cpu-pressure-close must say when the gate closes'],
    [['--unknown', 'Refuse'], inCluster, '--unknown: "Refuse" is neither anonymous nor refuse'],
  ] as const) {
    t.throws(() => read(args, environment), { name: UsageError.name, message }, args.join(' '))
  }
})

function inClusterWithout(name: keyof typeof inCluster): Readonly<Record<string, string>> {
  return { ...inCluster, [name]: '' }
}

t.test('refused flags end with 2, and say where to look', async (t) => {
  for (const [args, message] of [
    [['--node', 'n1'], '--node: there is no cluster here; --kubeconfig FILE names one'],
    [['--unknown', 'deny'], '--unknown: "deny" is neither anonymous nor refuse'],
  ] as const) {
    const { code, stdout, stderr } = await runUsher(t, ['lock', '--port', '0', ...args])
    t.strictSame({ code, stdout }, { code: 2, stdout: '' })
    t.equal(stderr, `usher lock: ${message}\nusher lock --help lists the flags\n`)
  }
})

t.test('a kubeconfig that cannot be used ends the start, and names the file', async (t) => {
  const folder = t.testdir({ empty: '', broken: '{', clusterless: '{"clusters":[],"users":[],"contexts":[]}' })
  for (const name of ['missing', 'empty', 'broken', 'clusterless']) {
    const file = join(folder, name)
    const { code, stderr } = await runUsher(t, ['lock', '--host', '127.0.0.1', '--port', '0', '--node', 'n1', '--kubeconfig', file])
    t.equal(code, 1, name)
    t.ok(stderr.startsWith(`usher lock: ${file} ${name === 'clusterless' ? 'has no current context' : 'cannot be read as a kubeconfig ('}`), stderr)
  }
})
