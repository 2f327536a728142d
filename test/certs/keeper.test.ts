import t, { type Test } from 'tap'
import { keepCertificate, type SecretStore, type TrustStore } from '../../src/certs/keeper.ts'
import { makeSecretData, readSecretData, type SecretData } from '../../src/certs/secret.ts'
import { until } from '../support/until.ts'

const names = ['localhost']

t.test('makes the Secret where it is not there, lets it be trusted, then serves it', async (t) => {
  const stage = play(t)
  const waiting = await stage.next()
  t.equal(waiting.ms, 60_000)
  t.strictSame(stage.told, ['made', 'trusted', 'certificate'])
  const { pair, ca } = readSecretData(stage.secret())
  t.strictSame(stage.served(), pair)
  t.equal(stage.trusted(), ca)
})

t.test('serves what is there, and what somebody else has made in the meantime', async (t) => {
  const theirs = await makeSecretData(names, new Date())
  for (const found of [theirs, undefined]) {
    const answers = [found]
    const read = async () => (answers.length > 0 ? answers.shift() : theirs)
    const stage = play(t, { secrets: { read, create: async () => false } })
    await stage.next()
    t.strictSame(stage.told, ['trusted', 'certificate'])
    t.strictSame(stage.served(), readSecretData(theirs).pair)
  }
})

t.test('looks again every minute: what is the same is no news, what has changed is served', async (t) => {
  const stage = play(t)
  ;(await stage.next()).go()
  const waiting = await stage.next()
  t.equal(stage.told.length, 3)
  const other = await makeSecretData(names, new Date())
  stage.put(other)
  waiting.go()
  await until('it is served', () => stage.served()?.cert === other['tls.crt'])
  t.strictSame(stage.told.slice(3), ['trusted', 'certificate'])
})

t.test('a Secret that is deleted is made anew, and the CA before is trusted on', async (t) => {
  const stage = play(t)
  const waiting = await stage.next()
  const before = stage.trusted() ?? ''
  stage.put(undefined)
  waiting.go()
  await until('it is made', () => stage.told.filter((line) => line === 'made').length === 2)
  await stage.next()
  t.ok(stage.trusted()?.endsWith(before))
  t.not(stage.trusted(), before)
})

t.test('what fails is told each time and tried again, sooner; what is good stays', async (t) => {
  let broken = true
  const stage = play(t, {
    trust: {
      async trust() {
        if (broken) throw new Error('not found')
        return false
      },
    },
  })
  const first = await stage.next()
  t.ok(first.ms <= 1_000)
  t.strictSame(stage.told, ['made', 'failed: ca-bundle: not found', 'certificate'], 'it is served all the same')
  first.go()
  const second = await stage.next()
  t.ok(second.ms > 500 && second.ms <= 2_000, `${second.ms}`)
  broken = false
  stage.put({ ...(await makeSecretData(names, new Date())), 'tls.key': 'x' })
  second.go()
  const third = await stage.next()
  t.match(stage.told.at(-1), /^failed: secret: tls\.key of the Secret is not a private key/)
  stage.put(undefined)
  third.go()
  t.equal((await stage.next()).ms, 60_000)
  t.strictSame(stage.told.slice(-2), ['made', 'certificate'])
})

t.test('while the Secret cannot be read, what others have put there is not replaced by what was good before', async (t) => {
  let broken = false
  let trusts = 0
  const data = await makeSecretData(names, new Date())
  const stage = play(t, {
    secrets: {
      async read() {
        if (broken) throw new Error('forbidden')
        return data
      },
      create: async () => false,
    },
    trust: {
      async trust() {
        trusts++
        return false
      },
    },
  })
  const waiting = await stage.next()
  broken = true
  waiting.go()
  await stage.next()
  t.strictSame(stage.told, ['certificate', 'failed: secret: forbidden'])
  t.equal(trusts, 1)
})

t.test('stopped: tells nothing more', async (t) => {
  const reading = Promise.withResolvers<undefined>()
  const stage = play(t, { secrets: { read: () => reading.promise, create: async () => true } })
  stage.stop()
  reading.resolve(undefined)
  await stage.next()
  t.strictSame(stage.told.filter((line) => line !== 'made' && line !== 'trusted'), [])
})

interface Stores {
  readonly secrets?: SecretStore
  readonly trust?: TrustStore
}

function play(t: Test, stores: Stores = {}) {
  const told: string[] = []
  const waits: { readonly ms: number; readonly go: () => void }[] = []
  let secret: SecretData | undefined
  let trusted: string | undefined
  let served: { readonly cert: string; readonly key: string } | undefined
  const secrets: SecretStore = {
    read: async () => secret,
    async create(data) {
      secret = data
      return true
    },
  }
  const trust: TrustStore = {
    async trust(ca) {
      const isNew = trusted !== ca
      trusted = ca
      return isNew
    },
  }
  const stop = keepCertificate(
    {
      secrets,
      trust,
      names,
      wait(ms) {
        const { promise, resolve } = Promise.withResolvers<void>()
        waits.push({ ms, go: resolve })
        return promise
      },
      ...stores,
    },
    {
      certificate(pair) {
        served = pair
        told.push('certificate')
      },
      made: () => told.push('made'),
      trusted: () => told.push('trusted'),
      failed: (step, error) => told.push(`failed: ${step}: ${error instanceof Error ? error.message : ''}`),
    },
  )
  t.teardown(stop)
  return {
    told,
    stop,
    secret: () => secret,
    put: (data: SecretData | undefined) => (secret = data),
    trusted: () => trusted,
    served: () => served,
    /** When it waits the next time. */
    next: () => until('it waits', () => waits.shift()),
  }
}
