import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { uptime } from 'node:os'
import { join } from 'node:path'
import { cgroupProcesses, killCgroup, makeMachineCgroups, removeCgroups } from './cgroups.ts'
import { machineFolder } from './folders.ts'
import { plugIn, unplug } from './network.ts'
import type { Machine } from './plan.ts'
import { isRunning, type Part, recordedParts, startPart, stopPart } from './processes.ts'
import { attempt, run } from './run.ts'
import { waitUntil } from './wait.ts'

/** The part that holds a machine's namespaces; they are gone with its last process. */
const holderName = 'machine'

// What a machine keeps over a reboot is in its folder; /run it loses, and so does the kernel with its namespaces. The
// rest is this machine's. A boot has its id, by which the kubelet sees that there was one.
const boot = `
  set -e
  mount --make-rprivate /
  mount --make-rshared /
  mount -t tmpfs -o mode=755 tmpfs /run
  mount --bind "$1/var-lib" /var/lib
  mount --bind "$1/var-log" /var/log
  mount --bind "$1/boot-id" /proc/sys/kernel/random/boot_id
  hostname "$2"
  echo 1 > /proc/sys/net/ipv4/ip_forward
  mkdir -p /run/lock
  touch /run/booted
  exec sleep infinity
`

/** How a machine is booted. */
export interface Boot {
  /** Whether its clock counts from now on: /proc/uptime, and the boot's time in /proc/stat; else they are this machine's. */
  readonly isNow: boolean
}

/** Boots a machine: namespaces of its own for network, mounts and host name, plugged into the bridge. */
export async function bootMachine(machine: Machine, { isNow }: Boot): Promise<Part> {
  const folder = machineFolder(machine.name)
  for (const disk of ['var-lib', 'var-log', 'etc']) mkdirSync(join(folder, disk), { recursive: true })
  writeFileSync(join(folder, 'boot-id'), `${crypto.randomUUID()}\n`)
  const namespaces = ['--net', '--mount', '--uts', '--propagation', 'private', ...(isNow ? timeFromNow() : [])]
  const holder = startPart({
    name: `${machine.name}/${holderName}`,
    command: ['unshare', ...namespaces, '/bin/sh', '-c', boot, 'sh', folder, machine.name],
    cgroupFiles: makeMachineCgroups(machine.name),
  })
  const booted = ['--target', String(holder.pid), '--mount', 'test', '-e', '/run/booted']
  await waitUntil(`${machine.name} has booted`, async () => {
    if (!isRunning(holder)) throw new Error(`${machine.name} does not boot; its log, ${holder.name}, says why`)
    return (await attempt('nsenter', booted)).code === 0
  })
  await plugIn(machine, holder.pid)
  return holder
}

/** Starts a part on a machine that has booted. */
export function startOn(machine: Machine, program: string, command: readonly string[], path: readonly string[] = []): Part {
  const holder = holderOf(machine)
  const system = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  return startPart({
    name: `${machine.name}/${program}`,
    command: ['nsenter', ...namespacesOf(holder), ...command],
    cgroupFiles: makeMachineCgroups(machine.name),
    env: { PATH: [...path, system].join(':') },
  })
}

/** Runs a command on a machine, and gives its output. */
export function runOn(machine: Machine, command: readonly string[], input?: string): Promise<string> {
  return run('nsenter', [...namespacesOf(holderOf(machine)), ...command], input)
}

/** A time namespace whose boot is now (time_namespaces(7)); a kernel without them has one boot for all. */
function timeFromNow(): readonly string[] {
  return existsSync('/proc/self/ns/time_for_children') ? ['--time', '--boottime', String(-Math.floor(uptime()))] : []
}

/** Flags of nsenter that lead into a machine. */
function namespacesOf({ pid }: Part): readonly string[] {
  const time = `/proc/${pid}/ns/time_for_children`
  return ['--target', String(pid), '--net', '--mount', '--uts', ...(existsSync(time) ? [`--time=${time}`] : [])]
}

/** The parts of a machine, its holder last. */
export function partsOf(machine: Machine): readonly Part[] {
  const parts = recordedParts().filter(({ name }) => name.startsWith(`${machine.name}/`))
  const isHolder = ({ name }: Part): boolean => name.endsWith(`/${holderName}`)
  return [...parts.filter((part) => !isHolder(part)), ...parts.filter(isHolder)]
}

/** Ends whatever runs on a machine, containers included, as when its power fails. */
export async function cutPower(machine: Machine): Promise<void> {
  for (const part of partsOf(machine)) await stopPart(part)
  if (cgroupProcesses(machine.name).size > 0) await killCgroup(machine.name)
  await unplug(machine)
  await removeCgroups(machine.name)
}

/** The process that holds a machine's namespaces. Throws where the machine is off. */
export function holderOf(machine: Machine): Part {
  const holder = partsOf(machine).at(-1)
  if (holder !== undefined && holder.name.endsWith(`/${holderName}`) && isRunning(holder)) return holder
  throw new Error(`${machine.name} is off; npm run cluster -- down, and up again`)
}
