import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

// Whatever the cluster starts is in a cgroup below this one, and nothing else is: containers, whose processes nobody
// records, included. A kernel with version 1 has one tree for each controller.
const root = 'usher-cluster'

/** The cgroup of a machine's pods, as the kubelet is told it. */
export function podCgroup(machine: string): string {
  return `/${root}/${machine}/pods`
}

/** The files that put a process into the cgroup of a machine's parts, when its pid is written there. */
export function makeMachineCgroups(machine: string): readonly string[] {
  return hierarchies().flatMap(({ mountPoint, controllers }) => {
    const parts = join(mountPoint, root, machine, 'parts')
    const folders = [join(mountPoint, root), join(mountPoint, root, machine), join(mountPoint, podCgroup(machine)), parts]
    for (const folder of folders) {
      mkdirSync(folder, { recursive: true })
      // Version 2 hands its controllers down; version 1 wants the CPUs and memory nodes of a cpuset to be named.
      if (controllers.includes('cgroup2')) handDownControllers(join(folder, '..'))
      else if (controllers.includes('cpuset')) inheritCpuset(folder)
    }
    // The parts are to be found again, and to have their share of the CPUs beside the pods, as a node's services have it,
    // whatever share of them whoever starts the cluster has. Nothing else of them is limited.
    return ['pids', 'cpu', 'cgroup2'].some((name) => controllers.includes(name)) ? [join(parts, 'cgroup.procs')] : []
  })
}

/** The processes of the cluster, or of one of its machines. */
export function cgroupProcesses(machine = ''): ReadonlySet<number> {
  const pids = new Set<number>()
  for (const folder of machineCgroups(machine)) {
    for (const pid of read(join(folder, 'cgroup.procs')).split('\n').filter(Boolean)) pids.add(Number(pid))
  }
  return pids
}

/** Kills all processes of the cluster, or of one of its machines, and waits until they are gone. */
export async function killCgroup(machine = ''): Promise<void> {
  const end = performance.now() + patienceMs
  for (;;) {
    const pids = cgroupProcesses(machine)
    if (pids.size === 0) return
    if (performance.now() > end) throw new Error(`processes ${[...pids].join(', ')} do not end, though they were killed`)
    // A pid is read and killed at once, and stands there as long as its process lives: it cannot be another's.
    for (const pid of pids) kill(pid)
    await pause(lookAgainMs)
  }
}

/** Removes the cgroups of the cluster, or of one of its machines. Their processes are gone. */
export async function removeCgroups(machine = ''): Promise<void> {
  const end = performance.now() + patienceMs
  for (const folder of machineCgroups(machine).toReversed()) {
    // The kernel takes a moment to let go of a cgroup whose last process has ended.
    while (!removed(folder)) {
      if (performance.now() > end) throw new Error(`the cgroup ${folder} cannot be removed: it is still in use`)
      await pause(lookAgainMs)
    }
  }
}

const patienceMs = 20_000
const lookAgainMs = 20

/** All cgroups of a machine, or of the cluster; parents first. */
function machineCgroups(machine: string): readonly string[] {
  return hierarchies().flatMap(({ mountPoint }) => descend(join(mountPoint, root, machine)))
}

function descend(folder: string): readonly string[] {
  const names = foldersIn(folder)
  return names === undefined ? [] : [folder, ...names.flatMap((name) => descend(join(folder, name)))]
}

/** Undefined: it is not there, or no more; a container's cgroup goes while others are read. */
function foldersIn(folder: string): readonly string[] | undefined {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name)
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENODEV')) return undefined
    throw error
  }
}

function hierarchies(): readonly { readonly mountPoint: string; readonly controllers: readonly string[] }[] {
  // 36 25 0:32 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
  return readFileSync('/proc/self/mountinfo', 'utf8').split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ')
    const [type = '', , options = ''] = right.split(' ')
    const mountPoint = left.split(' ')[4]
    if (mountPoint === undefined || (type !== 'cgroup' && type !== 'cgroup2')) return []
    return [{ mountPoint, controllers: [type, ...options.split(',')] }]
  })
}

function handDownControllers(folder: string): void {
  const controllers = read(join(folder, 'cgroup.controllers')).trim().split(' ')
  // Beside version 1 it has what nobody wants, and its root would stay changed.
  if (!controllers.includes('cpu')) return
  for (const controller of controllers) {
    try {
      writeFileSync(join(folder, 'cgroup.subtree_control'), `+${controller}`)
    } catch {
      // One that this kernel does not hand down; the kubelet says so if it needs it.
    }
  }
}

function inheritCpuset(folder: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (read(join(folder, file)).trim() === '') writeFileSync(join(folder, file), read(join(folder, '..', file)))
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

function removed(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}
