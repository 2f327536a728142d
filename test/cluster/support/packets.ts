import { runOn } from '../machine.ts'
import type { Machine } from '../plan.ts'

const table = 'usher-failures'

/**
 * Has a machine drop packets without a word, as a firewall does; until {@link passAgain}.
 *
 * @param rules matches of nftables: `ip saddr 10.0.0.1 tcp dport 8443`
 */
export async function dropOn(machine: Machine, rules: readonly string[]): Promise<void> {
  // Before kube-proxy's, and of both directions: what goes through the machine, and what is for it.
  const chains = ['input', 'forward', 'output'].flatMap((hook) => [
    `add chain inet ${table} ${hook} { type filter hook ${hook} priority -10; }`,
    ...rules.map((rule) => `add rule inet ${table} ${hook} ${rule} drop`),
  ])
  await runOn(machine, ['nft', '-f', '-'], [`add table inet ${table}`, ...chains, ''].join('\n'))
}

/** Takes back what {@link dropOn} did. */
export async function passAgain(machine: Machine): Promise<void> {
  await runOn(machine, ['nft', 'delete', 'table', 'inet', table])
}
