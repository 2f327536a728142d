import { bridgeName, clusterRange, hostAddress, type Machine, machinePrefixLength, routesFrom } from './plan.ts'
import { attempt, run } from './run.ts'

/** Makes the bridge that the machines are plugged into. Throws where its range is somebody else's. */
export async function makeBridge(): Promise<void> {
  await refuseTakenRange()
  // Without one of its own it has the address of some port, and another one when that is unplugged: every connection over it
  // then hangs until the neighbours have asked anew, which takes up to ten seconds.
  await ip(`link add ${bridgeName} address ${hardwareAddress(hostAddress)} type bridge`)
  await ip(`address add ${hostAddress}/${machinePrefixLength} dev ${bridgeName}`)
  await ip(`link set ${bridgeName} up`)
}

/** Plugs a machine, given by a process of its network namespace, into the bridge. */
export async function plugIn({ address, link }: Machine, pid: number): Promise<void> {
  // The same at each boot, as a network card has it.
  await ip(`link add ${link} type veth peer name eth0 address ${hardwareAddress(address)} netns ${pid}`)
  await ip(`link set ${link} master ${bridgeName} up`)
  await inside(pid, 'link set lo up')
  await inside(pid, `address add ${address}/${machinePrefixLength} dev eth0`)
  await inside(pid, 'link set eth0 up')
  await inside(pid, `route add default via ${hostAddress}`)
}

/** Lets this machine, or that of a process, reach pods and services. */
export async function addRoutes(nodes: readonly Machine[], pid?: number): Promise<void> {
  for (const { range, via } of routesFrom(nodes)) {
    const change = `route replace ${range} via ${via}`
    if (pid === undefined) await ip(change)
    else await inside(pid, change)
  }
}

/** Lets the pods of a node reach those of the others. */
export async function addPeers(node: Machine, nodes: readonly Machine[], pid: number): Promise<void> {
  for (const peer of nodes) {
    if (peer.name !== node.name) await inside(pid, `route replace ${peer.podRange} via ${peer.address}`)
  }
}

/** Unplugs a machine. Its routes on this one stay, for it will be back at the same address. */
export async function unplug({ link }: Machine): Promise<void> {
  await deleteLink(link)
}

/** Removes the bridge, and with it all routes through it. */
export async function removeBridge(): Promise<void> {
  await deleteLink(bridgeName)
}

/** Whether the bridge is there. */
export async function bridgeExists(): Promise<boolean> {
  return (await attempt('ip', ['link', 'show', bridgeName])).code === 0
}

/** One that nobody else has: locally administered, with the machine's IPv4 address in it. */
function hardwareAddress(address: string): string {
  return ['02', '75', ...address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))].join(':')
}

async function deleteLink(link: string): Promise<void> {
  const { stderr, code } = await attempt('ip', ['link', 'delete', link])
  // One whose namespace has gone went with it, or goes this very moment.
  if (code !== 0 && !/Cannot find device|No such device/.test(stderr)) throw new Error(`ip link delete ${link}: ${stderr.trim()}`)
}

async function refuseTakenRange(): Promise<void> {
  const taken = (await run('ip', ['-4', 'route', 'show', 'root', clusterRange])).trim()
  if (taken === '') return
  throw new Error(`${clusterRange} is in use on this machine (${taken.replaceAll('\n', '; ')}); the cluster needs it for itself`)
}

async function ip(change: string): Promise<void> {
  await run('ip', change.split(' '))
}

async function inside(pid: number, change: string): Promise<void> {
  await run('nsenter', ['--target', String(pid), '--net', 'ip', ...change.split(' ')])
}
