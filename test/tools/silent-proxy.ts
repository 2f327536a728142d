import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Owner } from './local-process.ts'

/** A proxy between a client and a server of the loopback, which can fall silent as a network does. */
export interface SilentProxy {
  readonly port: number
  /** From now on nothing of what is connected goes through, either way; what connects later does. Nothing is closed. */
  silence(): void
  /** How many connections are there that have fallen silent. */
  readonly silent: number
}

/** Starts it; it ends with the test. */
export async function startSilentProxy(t: Owner, port: number): Promise<SilentProxy> {
  const pairs = new Set<Pair>()
  const server = createServer((near) => {
    const pair: Pair = { near, far: connect({ host: '127.0.0.1', port }), isSilent: false }
    pairs.add(pair)
    for (const [one, other] of [[pair.near, pair.far], [pair.far, pair.near]] as const) {
      one.pipe(other)
      one.on('error', () => {})
      one.on('close', () => {
        pairs.delete(pair)
        if (!pair.isSilent) other.destroy()
      })
    }
  })
  const listening = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  t.teardown(() => {
    server.close()
    for (const { near, far } of pairs) for (const socket of [near, far]) socket.destroy()
  })
  return {
    port: (server.address() as AddressInfo).port,
    silence() {
      for (const pair of pairs) {
        pair.isSilent = true
        for (const socket of [pair.near, pair.far]) socket.unpipe().pause()
      }
    },
    get silent() {
      return [...pairs].filter(({ isSilent }) => isSilent).length
    },
  }
}

interface Pair {
  readonly near: Socket
  readonly far: Socket
  isSilent: boolean
}
