import t from 'tap'
import { tuning } from '../../src/inject/names.ts'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { applied, readAnswer, reviewOf, smallPod } from '../support/review.ts'
import { agentFor, post } from '../support/tls-client.ts'
import { listeningWebhook } from '../support/webhook.ts'

const megabyte = 1_000_000

/** Values that are wrong for every annotation that tunes. */
const wrongForAll: Readonly<Record<string, string>> = {
  negative: '-5',
  'a negative duration': '-5s',
  NaN: 'NaN',
  Infinity: 'Infinity',
  empty: '',
  blank: ' \t\n',
  'a list without names': ',',
  JSON: '{"seconds":5}',
  'full-width digits': '１５s',
  'unicode of all kinds': 'ñ—🦀\u202e\u0000\ud800',
  '1 MB of letters': 'X'.repeat(megabyte),
  '1 MB of a duration': '1s'.repeat(megabyte / 2),
  '1 MB of emoji': '🦀'.repeat(megabyte / 4),
  '1 MB of spaces': ' '.repeat(megabyte),
  'a line break in the middle': '5\ns',
}

/** More that are wrong for some. */
const wrongFor: Readonly<Record<string, readonly string[]>> = {
  [tuning.nap]: ['301s', '99999999999999h', '1e3s', '15', '0x10s', 'enabled'],
  [tuning.napMethod]: ['Native', 'sleep', 'auto,exec', '7'],
  [tuning.napContainers]: ['app,', 'app,,app', 'App', 'a'.repeat(64), 'app;app'],
  [tuning.lock]: ['maybe', '1', 'disabled!', 'disabled '.repeat(3)],
  [tuning.lockLease]: ['0s', '901s', '99999999999999h', 'disabled'],
  [tuning.lockMaxWait]: ['0s', '541s', '9'.repeat(400), 'disabled'],
  [tuning.lockWeight]: ['0', '17', '1.5', '1e1', '0x1', '9'.repeat(400), ' 1'],
  [tuning.lockPosition]: ['First', 'middle', '0', '-1'],
}

t.test('uses the default, and warns, where an annotation has a wrong value', async (t) => {
  const server = await listeningWebhook(t)
  const agent = agentFor(t, server)
  const usual = withoutStatus(await inject({}))
  for (const [key, more] of Object.entries(wrongFor)) {
    const values = [...Object.entries(wrongForAll), ...more.map((value) => [value, value] as const)]
    await t.test(key, async (t) => {
      for (const [title, value] of values) {
        const { pod, warnings } = await inject({ [key]: value })
        t.strictSame(withoutStatus({ pod }), usual, `${title.slice(0, 40)}: as without the annotation`)
        t.equal(warnings.length, 1, `${title.slice(0, 40)}: one warning`)
        isGoodWarning(warnings[0] ?? '', key)
      }

      function isGoodWarning(warning: string, key: string): void {
        t.match(warning, new RegExp(`^usher: ${RegExp.escape(key)}: "`), 'names the annotation and its value')
        t.match(warning, /is not .*; .* is used$/, 'says what is allowed, and what is used')
        t.ok(warning.length <= 256, `${warning.length} characters: the API server wants at most 256`)
        t.ok(warning.isWellFormed(), 'well-formed Unicode')
        t.notMatch(warning, /[\p{Cc}\p{Cf}]/u, 'no control characters: it becomes an HTTP header')
      }
    })
  }

  async function inject(annotations: JsonObject): Promise<{ pod: JsonObject; warnings: readonly string[] }> {
    const pod = smallPod({ annotations: { other: 'kept', ...annotations } })
    const { allowed, patch, warnings, reasons } = readAnswer((await post(agent, server, reviewOf(pod))).body)
    t.equal(allowed, true)
    t.strictSame(reasons, ['nap-added', 'lock-added'])
    return { pod: applied(pod, patch), warnings }
  }
})

t.test('warns of an annotation that it does not know, and of a switch that is neither on nor off', async (t) => {
  const server = await listeningWebhook(t)
  const agent = agentFor(t, server)
  for (const [annotations, warning] of [
    [{ 'usher.dev/lock-wait': '5s' }, /^usher: annotation "usher.dev\/lock-wait" is not one that usher knows; known are /],
    [{ 'usher.dev/inject': 'perhaps' }, /^usher: usher.dev\/inject: "perhaps" is not "enabled" or "disabled"/],
  ] as const) {
    const { reasons, warnings } = readAnswer((await post(agent, server, reviewOf(smallPod({ annotations })))).body)
    t.strictSame(reasons, ['nap-added', 'lock-added'])
    t.equal(warnings.length, 1)
    t.match(warnings[0], warning)
  }
})

t.test('keeps its warnings short, however many annotations are wrong', async (t) => {
  const server = await listeningWebhook(t)
  const names = Array.from({ length: 1_000 }, (_, index) => [`usher.dev/${'y'.repeat(50)}${index}`, 'x'] as const)
  const annotations = Object.fromEntries([...names, ...Object.values(tuning).map((key) => [key, '🦀'.repeat(500)])])
  const { allowed, warnings } = readAnswer((await post(agentFor(t, server), server, reviewOf(smallPod({ annotations })))).body)
  t.equal(allowed, true)
  t.ok(warnings.length > 0)
  t.ok(warnings.join('').length <= 4_096, 'the API server cuts off beyond 4096 characters')
  t.ok(warnings.every((warning) => warning.length <= 256))
})

t.test('says nothing where every annotation is right', async (t) => {
  const server = await listeningWebhook(t)
  const annotations = {
    [tuning.nap]: '15s',
    [tuning.napMethod]: 'native',
    [tuning.napContainers]: 'app',
    [tuning.lock]: 'enabled',
    [tuning.lockLease]: '1m30s',
    [tuning.lockMaxWait]: '1.5s',
    [tuning.lockWeight]: '16',
    [tuning.lockPosition]: 'last',
  }
  const { warnings, keys } = readAnswer((await post(agentFor(t, server), server, reviewOf(smallPod({ annotations })))).body)
  t.strictSame(warnings, [])
  t.notOk(keys.includes('warnings'))
})

/** The pod without annotations: those of the review, and our note of what was done. */
function withoutStatus({ pod }: { readonly pod: JsonObject }): unknown {
  const { metadata } = pod
  if (!isObject(metadata)) throw new Error('the pod has no metadata')
  const { annotations, ...rest } = metadata
  const status = isObject(annotations) ? annotations['usher.dev/status'] : undefined
  return { ...pod, metadata: rest, status }
}
