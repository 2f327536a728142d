import t, { type Test } from 'tap'
import { decide } from '../../../src/inject/decide.ts'
import { isObject } from '../../../src/units/json.ts'
import { context } from '../../support/context.ts'
import { patched } from '../../support/injected.ts'
import { listAt } from '../../support/pod-reader.ts'
import { granted, inTurn, queued, startLock } from './support/lock.ts'
import { runWait, type Starting } from './support/program.ts'

t.jobs = 4

/** What the lock is asked at first, and what the program says is wrong. */
async function asked(t: Test, args: readonly string[], starting: Starting = {}) {
  const lock = await startLock(t, granted)
  const { code, problems } = await runWait(t, [...lock.args, ...args], starting)
  t.equal(code, 0, 'the pod may start')
  const request = await lock.request(1)
  return { query: Object.fromEntries(request.query), problems }
}

t.test('is taken in each form that a person or a program may write', async (t) => {
  const forms = [['--uid=a', '--weight=2'], ['--uid', 'a', '--weight', '2'], ['-uid=a', '-weight=2'], ['-uid', 'a', '-weight', '2']]
  for (const form of forms) {
    t.match(await asked(t, form), { query: { uid: 'a', weight: '2' }, problems: { length: 0 } }, form.join(' '))
  }
})

t.test('a value may begin with a dash', async (t) => {
  t.match(await asked(t, ['--uid', '-a']), { query: { uid: '-a' }, problems: { length: 0 } })
})

t.test('the last of several wins', async (t) => {
  t.match(await asked(t, ['--uid=a', '--uid=b']), { query: { uid: 'b' }, problems: { length: 0 } })
})

const durations: readonly (readonly [text: string, seconds: string | undefined])[] = [
  ['0', undefined],
  ['0s', undefined],
  ['1', '1'],
  ['90', '90'],
  ['0.5', '1'],
  ['1.5', '2'],
  ['90s', '90'],
  ['5m', '300'],
  ['1h', '3600'],
  ['1h30m', '5400'],
  ['1h0m0.5s', '3601'],
  ['300ms', '1'],
  ['1.5s', '2'],
  ['0.5h', '1800'],
  ['1m300ms', '61'],
  ['2500ms', '3'],
  ['0.0000000001s', '1'],
  ['007', '7'],
  ['1000000000', '1000000000'],
]

t.test('times are in seconds, or as Kubernetes users write them', async (t) => {
  for (const [text, seconds] of durations) {
    const { query, problems } = await asked(t, [`--duration=${text}`])
    t.same([query['duration'], problems], [seconds, []], text)
  }
})

const noDurations = ['-1', '1x', 's', '1 s', ' 1', '1,5', '1.', '.5', '1h30', '1m 5s', '+1', '1e3', '0x10', '1us', '∞', '1000000001', '1000000000h', '999999999s999999s', `${'0'.repeat(40)}1`]

t.test('what is no time is left out, and said', async (t) => {
  for (const text of noDurations) {
    const { query, problems } = await asked(t, [`--duration=${text}`, '--uid=a'])
    t.same([query['duration'], query['uid'], problems.length], [undefined, 'a', 1], text)
    t.match(problems[0], /^usher-wait: ignored --duration: ".*" is not a time/, text)
  }
})

const wrong: readonly (readonly [args: readonly string[], problem: string])[] = [
  [['--from-next-year=1'], 'ignored --from-next-year: it is not known'],
  [['--from-next-year', '--uid=a'], 'ignored --from-next-year: it is not known'],
  [['-x'], 'ignored -x: it is not known'],
  [['---quiet'], 'ignored ---quiet: it is not known'],
  [['--=1'], 'ignored --: it is not known'],
  [['--QUIET'], 'ignored --QUIET: it is not known'],
  [['-'], 'ignored -: it is no flag'],
  [['stray'], 'ignored stray: it is no flag'],
  [[''], 'ignored : it is no flag'],
  [['--', '--weight=2'], 'ignored --weight=2: it is no flag'],
  [['--port=0'], 'ignored --port: "0" is not a port (1 to 65535)'],
  [['--port=65536'], 'ignored --port: "65536" is not a port (1 to 65535)'],
  [['--port=http'], 'ignored --port: "http" is not a port (1 to 65535)'],
  [['--port='], 'ignored --port: "" is not a port (1 to 65535)'],
  [['--host=a b'], 'ignored --host: "a b" is not the name or address of a host'],
  [['--host=$(HOST_IP)'], 'ignored --host: "$(HOST_IP)" is not the name or address of a host'],
  [['--host='], 'ignored --host: "" is not the name or address of a host'],
  [[`--host=${'a'.repeat(254)}`], `ignored --host: "${'a'.repeat(37)}..." is not the name or address of a host`],
  [['--host=http://10.0.0.1'], 'ignored --host: "http://10.0.0.1" is an address that Kubernetes set, or a URL'],
  [['--pod=shop'], 'ignored --pod: "shop" is not a pod (NAMESPACE/NAME)'],
  [['--pod=/api'], 'ignored --pod: "/api" is not a pod (NAMESPACE/NAME)'],
  [['--pod=shop/'], 'ignored --pod: "shop/" is not a pod (NAMESPACE/NAME)'],
  [['--pod=a/b/c'], 'ignored --pod: "a/b/c" is not a pod (NAMESPACE/NAME)'],
  [[`--pod=a/${'b'.repeat(316)}`], `ignored --pod: "a/${'b'.repeat(35)}..." is not a pod (NAMESPACE/NAME)`],
  [['--uid='], 'ignored --uid: it is not a uid'],
  [['--uid=a b'], 'ignored --uid: it is not a uid'],
  [[`--uid=${'a'.repeat(129)}`], 'ignored --uid: it is not a uid'],
  [['--weight=0'], 'ignored --weight: "0" is not a weight (1 to 1000000)'],
  [['--weight=1000001'], 'ignored --weight: "1000001" is not a weight (1 to 1000000)'],
  [['--weight=1.5'], 'ignored --weight: "1.5" is not a weight (1 to 1000000)'],
  [['--weight=99999999999999999999'], 'ignored --weight: "99999999999999999999" is not a weight (1 to 1000000)'],
  [['--quiet=maybe'], 'ignored --quiet: "maybe" is neither true nor false'],
  [['--quiet='], 'ignored --quiet: "" is neither true nor false'],
  [['--hold=falsehood'], 'ignored --hold: "falsehood" is neither true nor false'],
  [['--token-file='], 'ignored --token-file: it is not a path'],
  [['--wait'], 'ignored --wait: it wants a value'],
  [['--\u0007bell\n=1'], 'ignored --?bell?: it is not known'],
  [['--weight=\u001b[2J\u0085\u2028'], 'ignored --weight: "?[2J??" is not a weight (1 to 1000000)'],
]

t.test('what is not understood is left out and said, and the rest holds', async (t) => {
  for (const [args, problem] of wrong) {
    const lock = await startLock(t, granted)
    const { code, problems, lines } = await runWait(t, [...lock.args, '--uid=a', ...args])
    t.same([code, problems], [0, [`usher-wait: ${problem}`]], args.join(' '))
    t.match(lines.at(-1), /^got the startup lock/, args.join(' '))
    t.equal(lock.requests[0]?.query.get('uid'), 'a', args.join(' '))
  }
})

t.test('with --strict it ends the program with 2, which then asks for nothing', async (t) => {
  const lock = await startLock(t, granted)
  for (const [args, problem] of wrong) {
    const { code, problems, lines } = await runWait(t, [...lock.args, '--strict', ...args])
    t.same([code, problems[0], lines], [2, `usher-wait: ${problem}`, []], args.join(' '))
    t.match(problems[1], /--help/)
  }
  t.equal(lock.connections(), 0)
})

t.test('--strict has nothing against what is right', async (t) => {
  t.match(await asked(t, ['--strict', '--uid=a', '--quiet=false']), { query: { uid: 'a' }, problems: { length: 0 } })
})

const everyVariable = {
  USHER_DURATION: '120s',
  USHER_POD: 'shop/api',
  USHER_UID: 'a',
  USHER_WEIGHT: '3',
  USHER_MAX_WAIT: '1h',
  USHER_WAIT: '7',
  USHER_PAUSE: '10ms',
  USHER_CONNECT_WAIT: '9s',
}

t.test('each is also a variable, where and port included', async (t) => {
  const lock = await startLock(t, inTurn(queued(), granted()))
  const { code, problems } = await runWait(t, [], { env: { ...everyVariable, USHER_HOST: '127.0.0.1', USHER_PORT: `${lock.port}` } })
  t.same([code, problems], [0, []])
  const [first, second] = lock.requests
  t.match(Object.fromEntries(first?.query ?? []), { duration: '120', pod: 'shop/api', uid: 'a', weight: '3', 'max-wait': /^3[56]\d\d$/ })
  t.equal(second?.headers.get('prefer'), 'wait=7')
})

t.test('switches are variables as well', async (t) => {
  for (const on of ['1', 'true', 'TRUE', 'yes', 'on', 't', 'y']) {
    const { code, lines } = await runWait(t, [], { env: { USHER_NO_LOCK: on } })
    t.same([code, lines.length], [0, 1], on)
    const quiet = await runWait(t, [], { env: { USHER_NO_LOCK: on, USHER_QUIET: on } })
    t.same([quiet.code, quiet.lines], [0, []], on)
  }
  t.equal((await runWait(t, ['--nonsense'], { env: { USHER_STRICT: 'true' } })).code, 2)
  for (const off of ['0', 'false', 'no', 'off', 'f', 'n', '']) {
    t.same((await asked(t, [], { env: { USHER_NO_LOCK: off, USHER_HOLD: off } })).problems, [], off)
  }
})

t.test('a flag beats the variable, also one that is switched off', async (t) => {
  const { query } = await asked(t, ['--duration=2', '--uid=b', '--weight=4', '--no-lock=false'], {
    env: { ...everyVariable, USHER_NO_LOCK: 'true' },
  })
  t.match(query, { duration: '2', uid: 'b', weight: '4', pod: 'shop/api' })
})

t.test('a wrong flag leaves the variable in force', async (t) => {
  const { query, problems } = await asked(t, ['--duration=soon'], { env: everyVariable })
  t.equal(query['duration'], '120')
  t.equal(problems.length, 1)
})

t.test('the variables of the older fork are read, and usher’s own beat them', async (t) => {
  const older = { PSL_LOCK_DURATION: '45s', PSL_LOCK_CHECK_PERIOD: '20ms', PSL_LOCK_CHECK_TIMEOUT: '4s' }
  const lock = await startLock(t, inTurn(queued(), granted()))
  const place = { PSL_LOCK_HOST: '127.0.0.1', PSL_LOCK_PORT: `${lock.port}` }
  const { code, problems } = await runWait(t, [], { env: { ...older, ...place } })
  t.same([code, problems], [0, []])
  t.equal(lock.requests[0]?.query.get('duration'), '45')
  t.equal(lock.requests[1]?.headers.get('prefer'), 'wait=4')
  t.equal((await asked(t, [], { env: { ...older, USHER_DURATION: '46' } })).query['duration'], '46')
})

t.test('an empty variable is as good as none', async (t) => {
  t.match(await asked(t, [], { env: { USHER_UID: '', USHER_WEIGHT: '', USHER_DURATION: '' } }), { problems: { length: 0 } })
})

t.test('what Kubernetes sets for a Service called usher is no setting, and no fault of a person', async (t) => {
  const service = {
    USHER_PORT: 'tcp://10.96.0.7:80',
    USHER_PORT_80_TCP: 'tcp://10.96.0.7:80',
    USHER_PORT_80_TCP_ADDR: '10.96.0.7',
    USHER_PORT_80_TCP_PORT: '80',
    USHER_PORT_80_TCP_PROTO: 'tcp',
    USHER_SERVICE_HOST: '10.96.0.7',
    USHER_SERVICE_PORT: '80',
    PSL_LOCK_PORT: 'tcp://10.96.0.8:80',
  }
  const { problems } = await asked(t, ['--strict'], { env: service })
  t.same(problems, [
    'usher-wait: ignored PSL_LOCK_PORT: "tcp://10.96.0.8:80" is an address that Kubernetes set, or a URL',
    'usher-wait: ignored USHER_PORT: "tcp://10.96.0.7:80" is an address that Kubernetes set, or a URL',
  ])
})

t.test('a wrong variable is left out and said, and ends a strict program', async (t) => {
  const env = { USHER_WEIGHT: 'heavy' }
  const { query, problems } = await asked(t, [], { env })
  t.same([query['weight'], problems], [undefined, ['usher-wait: ignored USHER_WEIGHT: "heavy" is not a weight (1 to 1000000)']])
  t.equal((await runWait(t, ['--strict'], { env })).code, 2)
})

t.test('a uid is never shown, nor where a token lies', async (t) => {
  const { problems } = await asked(t, ['--uid=se cret'], { env: { USHER_TOKEN_FILE: 'se://cret' } })
  t.equal(problems.length, 2)
  t.notMatch(problems.join(), /cret/)
})

t.test('by default the lock is at port 8888 of localhost', async (t) => {
  const { code, lines } = await runWait(t, ['--max-wait=1ms'])
  t.equal(code, 0)
  t.equal(lines[0], 'asking for the startup lock of this node at localhost:8888')
})

t.test('what is asked for by default', async (t) => {
  const lock = await startLock(t, inTurn(queued(undefined, { 'Retry-After': '0' }), granted()))
  t.equal((await runWait(t, lock.args)).code, 0)
  t.same([...(lock.requests[0]?.query.keys() ?? [])], ['max-wait'])
  t.match(lock.requests[0]?.query.get('max-wait'), /^(239|240)$/)
  t.equal(lock.requests[1]?.headers.get('prefer'), 'wait=30')
})

t.test('--help names every flag and variable, and nothing else is done', async (t) => {
  const lock = await startLock(t, granted)
  for (const flag of ['--help', '-help', '-h']) {
    const { code, lines } = await runWait(t, [...lock.args, flag])
    t.equal(code, 0)
    const help = lines.join('\n')
    for (const name of ['host', 'port', 'pause', 'duration', 'max-wait', 'connect-wait', 'wait', 'pod', 'uid', 'weight', 'token-file', 'install-nap', 'termination-log', 'no-lock', 'may-fail', 'hold', 'strict', 'quiet', 'version', 'help']) {
      t.ok(help.includes(`--${name}`), name)
    }
    t.ok(lines.every((line) => line.length <= 110), 'it fits a terminal')
  }
  t.equal(lock.connections(), 0)
})

t.test('--version is that of the package', async (t) => {
  const { default: manifest } = await import('../../../package.json', { with: { type: 'json' } })
  const { code, lines } = await runWait(t, ['--version'])
  t.same([code, lines], [0, [`usher-wait ${manifest.version}`]])
})

t.test('a variable does not make it print its version or help', async (t) => {
  t.match(await asked(t, [], { env: { USHER_VERSION: '1.2', USHER_HELP: 'true' } }), { problems: { length: 0 } })
})

t.test('takes what the webhook writes', async (t) => {
  const pod = { metadata: { name: 'api', namespace: 'shop' }, spec: { containers: [{ name: 'api', image: 'api' }] } }
  const annotations = { 'usher.dev/lock-lease': '90s', 'usher.dev/lock-weight': '2', 'usher.dev/nap-method': 'exec' }
  const decision = decide(pod, { ...context, namespace: { ...context.namespace, annotations } })
  const [container] = listAt(patched(pod, decision), 'spec', 'initContainers')
  const written = isObject(container) && Array.isArray(container['args']) ? container['args'].map(String) : []
  const lock = await startLock(t, granted)
  const known: Readonly<Record<string, string>> = { HOST_IP: '127.0.0.1', POD_NAMESPACE: 'shop', POD_NAME: 'api', POD_UID: 'a-b' }
  const args = written
    .map((arg) => arg.replaceAll(/\$\((\w+)\)/g, (_, name: string) => known[name] ?? ''))
    .map((arg) => arg.replace('--port=8888', `--port=${lock.port}`).replace('/usher/nap', `${t.testdir({})}/nap`))
  const { code, problems } = await runWait(t, ['--strict', ...args])
  t.same([code, problems], [0, []])
  t.match(Object.fromEntries(lock.requests[0]?.query ?? []), { duration: '90', pod: 'shop/api', uid: 'a-b', weight: '2', 'max-wait': /^(239|240)$/ })
  t.ok(args.some((arg) => arg.startsWith('--install-nap=')))
})
