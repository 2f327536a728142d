import { readdirSync, readFileSync } from 'node:fs'
import { readKernelSettings } from '../kernel.ts'
import { attempt } from '../run.ts'

/** What a cluster could leave behind on this machine, by kind. */
export async function machineState(): Promise<Readonly<Record<string, readonly string[]>>> {
  return {
    processes: clusterProcesses(),
    mounts: readFileSync('/proc/self/mounts', 'utf8').trim().split('\n'),
    links: await linesOf('ip -o link show | cut -d: -f2'),
    routes: await linesOf('ip route show table all'),
    'rules of nftables': await linesOf('nft list ruleset'),
    'rules of iptables': await linesOf('iptables-save | grep -v ^#'),
    cgroups: await linesOf('find /sys/fs/cgroup -type d -path "*usher-cluster*"'),
    'controllers of cgroups': await linesOf('cat /sys/fs/cgroup/cgroup.subtree_control /sys/fs/cgroup/unified/cgroup.subtree_control'),
    kernel: Object.entries(readKernelSettings()).map(([file, value]) => `${file} ${value}`),
    folders: await linesOf('ls -d /var/lib/kubelet /var/lib/containerd /var/lib/cni /run/containerd /run/cni /var/log/pods'),
  }
}

/** Processes that see a disk of the cluster's machines, containers among them. */
function clusterProcesses(): readonly string[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && mountsOf(pid).includes('usher/cluster/live/machines/'))
}

function mountsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
  } catch {
    // It has ended.
    return ''
  }
}

async function linesOf(script: string): Promise<readonly string[]> {
  const { stdout } = await attempt('sh', ['-c', script])
  return stdout.split('\n').filter(Boolean).toSorted()
}
