import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { missingCommand } from '../../support/commands.ts'

/** What a name server says of a name: its IPv4 addresses, that there is no such name, or nothing at all. */
export type NameAnswer = readonly string[] | 'no such name' | 'silence'

/** A name server, and a machine that asks it alone. */
export interface NameServer {
  /** How to start a program that asks it, and has a /etc/hosts of its own. */
  readonly by: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** The names that it was asked for. */
  readonly queries: readonly string[]
}

/** Why there can be none here, as tap's `skip` takes it: it needs port 53, and a /etc of its own. */
export function missingNameServer(): string | false {
  return process.getuid?.() === 0 ? missingCommand('unshare', 'mount') : 'is not root'
}

/**
 * Starts a name server on some address of the loopback; it ends with the test.
 *
 * @param search what else stands in /etc/resolv.conf.
 */
export async function startNameServer(
  t: Test,
  answer: (name: string, count: number) => NameAnswer | Promise<NameAnswer>,
  hosts = '127.0.0.1 localhost\n',
  search = '',
): Promise<NameServer> {
  const queries: string[] = []
  const socket = createSocket('udp4')
  const respond = async (query: Buffer, from: RemoteInfo) => {
    const { name, type } = readQuestion(query)
    const said = await answer(name, queries.push(name))
    if (said !== 'silence') socket.send(writeResponse(query, type, said), from.port, from.address, () => {})
  }
  socket.on('message', (query: Buffer, from: RemoteInfo) => void respond(query, from))
  const byte = () => 1 + Math.floor(Math.random() * 254)
  const address = `127.${byte()}.${byte()}.${byte()}`
  socket.bind(53, address)
  await once(socket, 'listening')
  t.teardown(() => void socket.close())
  const folder = t.testdir({})
  writeFileSync(join(folder, 'resolv.conf'), `nameserver ${address}\n${search}`)
  writeFileSync(join(folder, 'hosts'), hosts)
  writeFileSync(join(folder, 'nsswitch.conf'), 'hosts: files dns\n')
  const script = `
    for file in resolv.conf hosts nsswitch.conf; do
      [ ! -e /etc/$file ] || mount --bind "$0/$file" "$(readlink -f /etc/$file)"
    done
    exec "$@"`
  const env = { PATH: process.env['PATH'] ?? '' }
  return { by: ['unshare', '-m', 'sh', '-ec', script, folder], env, queries }
}

// Of RFC 1035: a header has 12 bytes, a question is a name in labels, a type and a class.
const header = 12
const typeA = 1

function readQuestion(query: Buffer): { readonly name: string; readonly type: number } {
  const labels: string[] = []
  let at = header
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1) }
}

function writeResponse(query: Buffer, type: number, said: readonly string[] | 'no such name'): Buffer {
  const question = query.subarray(header, query.indexOf(0, header) + 5)
  const addresses = said !== 'no such name' && type === typeA ? said : []
  const head = Buffer.alloc(header)
  query.copy(head, 0, 0, 2)
  head.writeUInt16BE(said === 'no such name' ? 0x8183 : 0x8180, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(addresses.length, 6)
  const records = addresses.map((address) =>
    // The question's name, A, IN, for no time, four bytes.
    Buffer.from([0xc0, header, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
  )
  return Buffer.concat([head, question, ...records])
}
