import { accessSync, constants } from 'node:fs'
import { attempt, run } from './run.ts'

// Commands that the cluster runs, or that its parts run, and the Debian packages that bring them.
const commands: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  iptables: 'iptables',
  nft: 'nftables',
  conntrack: 'conntrack',
  cc: 'gcc',
  'pkg-config': 'pkg-config',
  nsenter: 'util-linux',
  hostname: 'hostname',
  tar: 'tar',
  ldd: 'libc-bin',
}
// What runc is linked with, and what makes the image of the pause program static.
const headers: Readonly<Record<string, string>> = { '/usr/include/seccomp.h': 'libseccomp-dev', '/usr/include/stdlib.h': 'libc6-dev' }

/** Installs what is missing of the system; where this user may not, says by name what is. */
export async function installPackages(say: (line: string) => void): Promise<void> {
  const missing = await missingPackages()
  if (missing.length === 0) return
  const install = `apt-get install --no-install-recommends ${missing.join(' ')}`
  if (process.getuid?.() !== 0) throw new Error(`this machine lacks ${missing.join(', ')}; as root: ${install}`)
  if ((await attempt('sh', ['-c', 'command -v apt-get'])).code !== 0) {
    throw new Error(`this machine lacks ${missing.join(', ')} (the names are Debian's), and has no apt-get; install them`)
  }
  say(`installing ${missing.join(', ')}`)
  await run('apt-get', ['update', '-q'])
  await run('env', ['DEBIAN_FRONTEND=noninteractive', ...install.split(' '), '-y', '-q'])
}

/** Throws where this user may not make namespaces, mounts and cgroups. */
export function requireRoot(): void {
  if (process.getuid?.() !== 0) throw new Error('the cluster makes namespaces, mounts and cgroups: run this as root')
  if (process.platform !== 'linux') throw new Error(`the cluster runs on Linux, and this is ${process.platform}`)
}

async function missingPackages(): Promise<readonly string[]> {
  const missing = new Set<string>()
  for (const [command, name] of Object.entries(commands)) {
    if ((await attempt('sh', ['-c', `command -v ${command}`])).code !== 0) missing.add(name)
  }
  for (const [file, name] of Object.entries(headers)) {
    if (!isThere(file)) missing.add(name)
  }
  return [...missing]
}

function isThere(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}
