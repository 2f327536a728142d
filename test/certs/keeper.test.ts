import t from 'tap'
import { certificatesIn } from '../../src/certs/bundle.ts'
import type { SecretData } from '../../src/certs/secret.ts'
import { CertificateWorld, isTrustedBy, type Replica } from '../support/certificate-world.ts'
import { issueUnfit } from '../support/certificates.ts'

const lifeMs = 600_000
// As long as that, a rotation takes from its start: settling, and some looks of both.
const rotationMs = 60_000 + 3 * 20_000

t.test('makes the Secret where it is not there, lets it be trusted, then serves it', async (t) => {
  const { world, replica } = await begun()
  t.strictSame(replica.told, ['made: the Secret is not there', 'trusted', 'certificate'])
  t.strictSame(servedOf(replica), pairIn(world.secret))
  t.strictSame(Object.keys(world.secret ?? {}), ['tls.crt', 'tls.key', 'ca.crt'], 'the key of the CA is nowhere')
  t.equal(replica.keeper.notReady(), undefined)
  t.ok(world.view.bundles.every((bundle) => bundle === world.secret?.['ca.crt']))
})

t.test('two that start at once serve what one of them has made', async (t) => {
  const world = new CertificateWorld(lifeMs)
  const both = [world.start(), world.start()]
  await world.pass(1_000)
  t.strictSame(both.map(servedOf), [pairIn(world.secret), pairIn(world.secret)])
  t.equal(both.flatMap(({ told }) => told).filter((line) => line.startsWith('made')).length, 1)
})

t.test('what is good is looked at every 20 s, and is no news', async (t) => {
  const { world, replica } = await begun()
  await world.pass(120_000)
  t.equal(replica.told.length, 3)
})

t.test('at two thirds of its life the next one is made, then trusted, then served, and the last is trusted until it ends', async (t) => {
  const { world, replica } = await begun()
  const other = world.start()
  await world.pass((lifeMs * 2) / 3 - 30_000)
  const first = pairIn(world.secret)
  const [firstCa] = casOf(world)
  t.strictSame(replica.told.slice(3), [])
  await world.pass(50_000)
  t.strictSame([...replica.told.slice(3), ...other.told.slice(1)].toSorted(), ['staged', 'trusted'])
  t.strictSame(pairIn(world.secret), first)
  t.equal(casOf(world).length, 2)
  t.equal(casOf(world)[0], firstCa)
  t.strictSame([replica, other].map(servedOf), [first, first], 'nobody serves the new one before all must have heard of its CA')
  await world.pass(rotationMs)
  t.not(servedOf(replica)?.cert, first.cert)
  t.strictSame([replica, other].map(servedOf), [pairIn(world.secret), pairIn(world.secret)])
  t.equal(casOf(world)[1], firstCa)
  await world.pass(lifeMs / 3)
  t.equal(casOf(world).length, 1, 'the CA before it has ended')
})

t.test('whatever empties the configuration during a rotation, the wait begins anew', async (t) => {
  const { world, replica } = await begun()
  await world.pass((lifeMs * 2) / 3 + 50_000)
  const first = servedOf(replica)
  world.tamper(['', '', ''])
  await world.pass(60_000)
  t.strictSame([replica.told.at(-1), servedOf(replica)], ['trusted', first])
  await world.pass(60_000)
  t.strictSame(replica.told.slice(-3), ['promoted', 'trusted', 'certificate'])
})

t.test('a Secret that is deleted is there again at once, and a new certificate follows as in every rotation', async (t) => {
  const { world, replica } = await begun()
  const before = pairIn(world.secret)
  world.put(undefined)
  await world.pass(20_000)
  t.strictSame(replica.told.slice(3), ['restored: the Secret is not there', 'trusted'])
  t.strictSame(pairIn(world.secret), before)
  await world.pass(rotationMs)
  t.not(servedOf(replica)?.cert, before.cert, 'whoever deletes it wants another one')
  t.strictSame(servedOf(replica), pairIn(world.secret))
})

t.test('garbage in the Secret is replaced by what is served, whatever of it is spoilt', async (t) => {
  const { world, replica } = await begun()
  const good = world.secret ?? {}
  const foreign = (await begun()).world.secret ?? {}
  for (const [spoilt, fault] of [
    [{ ...good, 'tls.crt': 'x' }, /tls\.crt of the Secret is not a certificate in PEM/],
    [{ ...good, 'tls.key': 'x' }, /tls\.key of the Secret is not a private key in PEM/],
    [{ ...good, 'tls.key': foreign['tls.key'] ?? '' }, /tls\.key of the Secret is not the key of tls\.crt/],
    [{ ...good, 'tls.key': '' }, /has not both tls\.crt and tls\.key/],
    [{ ...good, 'ca.crt': 'x' }, /tls\.crt of the Secret is of no CA in its ca\.crt/],
    [{ ...good, 'ca.crt': foreign['ca.crt'] ?? '' }, /tls\.crt of the Secret is of no CA in its ca\.crt/],
    [{}, /has not both/],
  ] as const) {
    const lines = replica.told.length
    world.put(spoilt)
    await world.pass(20_000)
    t.match(replica.told[lines], fault)
    t.strictSame(pairIn(world.secret), pairIn(good))
    t.equal(casOf(world)[0], certificatesIn(good['ca.crt'] ?? '')[0]?.id)
    t.equal(replica.told.filter((line) => line === 'certificate').length, 1, 'nothing else is served')
  }
})

t.test('a pair that looks sound, and that no server or no API server takes, is replaced as garbage is', async (t) => {
  const { world, replica } = await begun()
  const good = world.secret ?? {}
  for (const kind of ['small-key', 'common-name-only'] as const) {
    const lines = replica.told.length
    const { cert, key } = await issueUnfit(kind, new Date(world.now()))
    world.put({ 'tls.crt': cert, 'tls.key': key, 'ca.crt': cert })
    await world.pass(20_000)
    t.match(replica.told[lines], /^restored: tls\.crt of the Secret (cannot be served|is not for)/)
    t.strictSame([pairIn(world.secret), servedOf(replica)], [pairIn(good), pairIn(good)])
    t.equal(replica.keeper.notReady(), undefined)
  }
})

t.test('what could not be served does not count as served: it is told, and tried again', async (t) => {
  const world = new CertificateWorld(lifeMs)
  let isBroken = true
  const replica = world.start({
    serve() {
      if (isBroken) throw new Error('no')
    },
  })
  await world.pass(60_000)
  t.match(replica.told.slice(2), ['failed: secret: no', 'failed: secret: no'])
  t.equal(replica.keeper.notReady(), 'there is no certificate yet')
  isBroken = false
  await world.pass(20_000)
  const first = servedOf(replica)
  t.strictSame([first, replica.keeper.notReady()], [pairIn(world.secret), undefined])
  isBroken = true
  await world.pass((lifeMs * 2) / 3 + rotationMs - 80_000)
  t.equal(replica.told.at(-1), 'failed: secret: no')
  t.not(pairIn(world.secret).cert, first?.cert)
  t.strictSame([servedOf(replica), replica.keeper.notReady()], [first, undefined], 'the last one is trusted on')
  isBroken = false
  await world.pass(20_000)
  t.strictSame(servedOf(replica), pairIn(world.secret))
})

t.test('what has no place in the Secret is taken out', async (t) => {
  const { world, replica } = await begun()
  const good = world.secret ?? {}
  world.put({ ...good, 'ca.key': 'x', 'next.crt': 'x', 'next.key': 'x', 'ca.crt': `x${good['ca.crt']}` })
  await world.pass(20_000)
  t.strictSame(world.secret, good)
  t.strictSame(replica.told.slice(3), ['tidied'])
})

t.test('a sound certificate of somebody else is trusted first, and served then', async (t) => {
  const { world, replica } = await begun()
  const before = servedOf(replica)
  const theirs = (await begun()).world.secret ?? {}
  world.put(theirs)
  await world.pass(20_000)
  t.strictSame(servedOf(replica), before)
  t.equal(casOf(world).length, 2, 'what is served until then is trusted on')
  await world.pass(80_000)
  t.strictSame(servedOf(replica), pairIn(theirs))
})

t.test('whatever is put into the configuration, the CA is there again after one look', async (t) => {
  const { world, replica } = await begun()
  const good = world.secret?.['ca.crt'] ?? ''
  for (const bundles of [['', '', ''], ['', good, good], ['x', 'x', 'x'], [good, good, `${good}x`]]) {
    world.tamper(bundles)
    await world.pass(20_000)
    t.strictSame(world.view.bundles, [good, good, good])
    t.equal(replica.keeper.notReady(), undefined)
  }
  t.equal(replica.told.filter((line) => line === 'trusted').length, 5)
})

t.test('one that starts without a Secret, while another may serve, is ready when its CA must have been heard of', async (t) => {
  const { world, replica } = await begun()
  const before = servedOf(replica)
  replica.stop()
  world.put(undefined)
  const other = world.start()
  await world.pass(1_000)
  t.equal(other.keeper.notReady(), 'the API servers may not trust the certificate yet')
  t.ok(isTrustedByAll(world, replica), 'what the other one may still serve is trusted on')
  t.not(servedOf(other)?.cert, before?.cert)
  await world.pass(80_000)
  t.equal(other.keeper.notReady(), undefined)
})

t.test('one that starts in the middle of a rotation is ready at once', async (t) => {
  const { world } = await begun()
  await world.pass((lifeMs * 2) / 3 + 20_000)
  const [staged] = [world.start()]
  await world.pass(1_000)
  t.equal(staged?.keeper.notReady(), undefined)
  await world.pass(rotationMs)
  const promoted = world.start()
  await world.pass(1_000)
  t.equal(promoted.keeper.notReady(), undefined)
  t.strictSame(promoted.told, ['certificate'])
})

t.test('not ready while nothing is there, when it has ended, and while it is not trusted', async (t) => {
  const world = new CertificateWorld(lifeMs)
  world.weather = { delayMs: () => 0, fate: () => 'refused' }
  const replica = world.start()
  await world.pass(1_000)
  t.equal(replica.keeper.notReady(), 'there is no certificate yet')
  t.match(replica.told, [/^failed: ca-bundle: refused/, /^failed: secret: refused/])
  world.weather = { delayMs: () => 0, fate: () => 'done' }
  await world.pass(30_000)
  t.equal(replica.keeper.notReady(), undefined)
  world.weather = { delayMs: () => 0, fate: () => 'refused' }
  await world.pass(lifeMs)
  t.match(replica.keeper.notReady(), /^the certificate has expired at 2031-/)
  world.weather = { delayMs: () => 0, fate: () => 'done' }
  await world.pass(30_000)
  t.equal(replica.keeper.notReady(), undefined, 'one that has ended is replaced at once')
  t.ok(isTrustedByAll(world, replica))
})

t.test('without the right to change the configuration it serves all the same, and says that it is not trusted', async (t) => {
  const world = new CertificateWorld(lifeMs)
  let calls = 0
  world.weather = { delayMs: () => 0, fate: () => (++calls % 4 === 0 ? 'refused' : 'done') }
  const replica = world.start()
  await world.pass(100)
  t.match(replica.told, ['made: the Secret is not there', 'failed: ca-bundle: refused', 'certificate'])
  t.equal(replica.keeper.notReady(), 'the webhook configuration does not trust the certificate')
})

t.test('without a configuration to look at, the next one is served half-way from its making to the end of the last', async (t) => {
  const world = new CertificateWorld(lifeMs)
  const replica = world.start({ hasCallers: false })
  await world.pass(100)
  t.equal(replica.keeper.notReady(), undefined)
  await world.pass((lifeMs * 5) / 6 - 10_000)
  t.strictSame(replica.told, ['made: the Secret is not there', 'certificate', 'staged'])
  await world.pass(30_000)
  t.strictSame(replica.told.slice(3), ['promoted', 'certificate'])
})

t.test('the API server\'s clock counts: one that is hours off here changes nothing, and is told', async (t) => {
  const { world, replica } = await begun()
  const off = world.start({ aheadMs: 5 * 3_600_000 })
  const late = world.start({ aheadMs: -5 * 3_600_000 })
  await world.pass(60_000)
  t.strictSame([off.told, late.told], [['skewed: 300 min', 'certificate'], ['skewed: -300 min', 'certificate']])
  replica.stop()
  await world.pass((lifeMs * 2) / 3 + rotationMs - 60_000)
  t.strictSame(off.served()?.leaf.id, late.served()?.leaf.id)
  const { from = 0, to = 0 } = off.served()?.leaf ?? {}
  t.ok(from < world.now() && to > world.now() + lifeMs / 2 && to <= world.now() + lifeMs)
})

t.test('stopped: tells nothing more', async (t) => {
  const world = new CertificateWorld(lifeMs)
  const replica = world.start()
  replica.stop()
  await world.pass(lifeMs)
  t.strictSame(replica.told, [])
})

async function begun(): Promise<{ readonly world: CertificateWorld; readonly replica: Replica }> {
  const world = new CertificateWorld(lifeMs)
  const replica = world.start()
  await world.pass(100)
  return { world, replica }
}

function servedOf(replica: Replica) {
  return replica.served()?.pair
}

function pairIn(data: SecretData | undefined) {
  return { cert: data?.['tls.crt'] ?? '', key: data?.['tls.key'] ?? '' }
}

function casOf(world: CertificateWorld): readonly string[] {
  return certificatesIn(world.view.bundles[0] ?? '').map(({ id }) => id)
}

function isTrustedByAll(world: CertificateWorld, replica: Replica): boolean {
  const served = replica.served()
  return served !== undefined && world.view.bundles.every((bundle) => isTrustedBy(served, bundle))
}
