import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import t from 'tap'
import { startBareLock } from '../support/lock-process.ts'
import { within } from '../support/until.ts'

// On Linux the loopback has all of 127.0.0.0/8.
const loopbacks = ['127.0.0.1', '127.0.0.2'] as const
const own = Object.values(networkInterfaces()).flat().find((each) => each?.family === 'IPv4' && !each.internal)?.address
const all = [...loopbacks, ...(own === undefined ? [] : [own])]

for (const host of all) {
  t.test(`with --host ${host} the lock answers at ${host}, and nowhere else`, async (t) => {
    const { port } = await startBareLock(t, ['--host', host, '--port', '0'])
    for (const address of all) t.equal(await connectsTo(address, port), address === host, address)
  })
}

t.test('without --host it answers at every address, as it says', async (t) => {
  const { port } = await startBareLock(t, ['--port', '0'])
  for (const address of all) t.equal(await connectsTo(address, port), true, address)
})

t.test('with an address that is not this machine’s it does not start', async (t) => {
  await t.rejects(startBareLock(t, ['--host', '203.0.113.7', '--port', '0']), { message: /ended with 1: .*EADDRNOTAVAIL/s })
})

/** Whether anybody takes a connection there; false where it is refused. */
function connectsTo(host: string, port: number): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const socket = connect({ host, port }, () => {
    socket.destroy()
    resolve(true)
  })
  socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNREFUSED' ? resolve(false) : reject(error)))
  return within(10_000, `${host} takes or refuses a connection`, promise)
}
