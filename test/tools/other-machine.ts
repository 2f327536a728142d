import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import type { Test } from 'tap'
import { missingCommand } from '../native/support/commands.ts'
import { until } from '../support/until.ts'
import { startLocalProcess } from './local-process.ts'

// Says by which of its names it was asked; the names are its arguments, in the order of its addresses.
const program = `
const { createServer } = require('node:http')
const [port, ...names] = process.argv.slice(2)
createServer((request, response) => response.end(names[request.socket.localAddress.split('.').at(-1) - 1])).listen(port, '0.0.0.0')
`

const hostPart = 254

/** Why there can be none here, as tap's `skip` takes it. */
export function missingOtherMachine(): string | false {
  return process.getuid?.() === 0 ? missingCommand('unshare', 'nsenter', 'ip') : 'is not root, who alone makes namespaces of networks'
}

/**
 * Starts a server of HTTP in a network namespace, with an address for each of some names, which it answers with. Endpoints
 * may not be on the loopback. It ends with the test, and its network with it.
 *
 * @returns the addresses of the names.
 */
export async function startOtherMachine(t: Test, names: readonly string[], port: number): Promise<ReadonlyMap<string, string>> {
  const folder = t.testdir({})
  const file = join(folder, 'machine.cjs')
  writeFileSync(file, program)
  const server = startLocalProcess(t, 'unshare', ['-n', process.execPath, file, String(port), ...names], folder)
  const pid = await Promise.race([until('it has a network of its own', () => otherNetwork(server.pid)), server.ended])
  const range = `10.215.${randomInt(256)}`
  const link = `usher-t${pid}`
  ip(`link add ${link} type veth peer name eth0 netns ${pid}`)
  ip(`address add ${range}.${hostPart}/24 dev ${link}`)
  ip(`link set ${link} up`)
  const addresses = new Map(names.map((name, index) => [name, `${range}.${index + 1}`]))
  for (const address of addresses.values()) ip(`address add ${address}/24 dev eth0`, pid)
  ip('link set eth0 up', pid)
  await Promise.race([until('it answers', () => answers(`http://${range}.1:${port}`)), server.ended])
  return addresses
}

function ip(line: string, inside?: number): void {
  const words = ['ip', ...line.split(' ')]
  const [command = '', ...args] = inside === undefined ? words : ['nsenter', '-t', String(inside), '-n', ...words]
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** The child of a guard that has a network of its own. */
function otherNetwork(guard: number): number | undefined {
  const own = readlinkSync('/proc/self/ns/net')
  return readFileSync(`/proc/${guard}/task/${guard}/children`, 'utf8').trim().split(' ').map(Number).find((pid) => pid > 0 && networkOf(pid) !== own)
}

function networkOf(pid: number): string | undefined {
  return readlinkSync(`/proc/${pid}/ns/net`)
}

function answers(url: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  get(url, { agent: false, timeout: 1_000 }, (response) => {
    response.resume()
    resolve(true)
  }).on('error', () => resolve(false)).on('timeout', function (this: { destroy(): void }) {
    this.destroy()
  })
  return promise
}
