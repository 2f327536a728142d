import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { once } from 'node:events'
import { sample } from 'fast-check'
import t, { type Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import type { Job } from '../../src/job/job.ts'
import { defaultEnvoyImage } from '../../src/job/render/envoy.ts'
import { render } from '../../src/job/render/render.ts'
import { envoyBinary } from '../envoy/envoy-binary.ts'
import { missingNameServer } from '../native/wait/support/name-server.ts'
import { arbitraryJob } from '../support/arbitrary-job.ts'
import { container, job } from '../support/job-values.ts'
import { shown, valueAt } from '../support/pod-reader.ts'
import { until } from '../support/until.ts'
import { argsWith, ask, hear, httpInstance, renderedEnvoy, startEnvoyStage, tcpInstance } from './envoy-stage.ts'

const tcpJob = (target: number): Job => job([container('app', { ports: [{ port: 80, target, protocol: 'TCP', isHostPort: false }] })], { hasEnvoy: true })
const httpJob = (target: number): Job => ({ ...tcpJob(target), expose: {} })

t.test('Envoy is the one that jobs run', async (t) => {
  const { output } = await envoy(['--version'])
  const [, version] = /v(\d+\.\d+\.\d+)$/.exec(defaultEnvoyImage) ?? []
  t.match(output, new RegExp(`/${RegExp.escape(version ?? 'none')}/`), `test/envoy/requirements.txt and ${defaultEnvoyImage}`)
})

t.test('Envoy takes what job files become, and warns of nothing', async (t) => {
  const golden = new URL('../golden/job/', import.meta.url)
  const found = readdirSync(golden)
    .filter((name) => name.endsWith('.golden.yaml'))
    .flatMap((name) => parseAllDocuments(readFileSync(new URL(name, golden), 'utf8')).map((document) => ({ name, bootstrap: valueAt(document.toJS(), 'data', 'envoy.json') })))
    .filter(({ bootstrap }) => bootstrap !== undefined)
  t.ok(found.length > 0, `${found.length} golden files have a proxy`)
  const made = { http: httpJob(3_000), tcp: tcpJob(5_432), 'a batch job': { ...tcpJob(1), containers: [container('app', { restart: { policy: 'never' }, ports: [{ port: 1, target: 65_535, protocol: 'TCP', isHostPort: true }] })] } satisfies Job }
  const all = [...found, ...Object.entries(made).map(([name, value]) => ({ name, bootstrap: renderedEnvoy(value).bootstrap }))]
  for (const { name, bootstrap } of all) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    t.match(await validated(t, String(bootstrap), renderedEnvoy(httpJob(1)).args), { code: 0, output: /^configuration '.*' OK\n$/ }, name)
  }
})

t.test('Envoy takes whatever a job file can describe', async (t) => {
  const seed = Date.now()
  t.comment(`seed ${seed}`)
  const bootstraps = sample(arbitraryJob, { seed, numRuns: 100 }).flatMap((value) => {
    const rendering = render({ ...value, hasEnvoy: true }, { namespace: 'any', waitImage: 'usher-wait', sharedStorageClass: 'nfs' })
    return 'problems' in rendering ? [] : rendering.objects.map((object) => valueAt(object, 'data', 'envoy.json')).filter((text) => text !== undefined)
  })
  t.ok(bootstraps.length > 0, `${bootstraps.length} configurations`)
  for (const bootstrap of bootstraps.slice(0, 10)) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    t.match(await validated(t, shown(bootstrap)), { code: 0 })
  }
})

t.test('Envoy refuses what is none of its configuration', async (t) => {
  const { bootstrap } = renderedEnvoy(httpJob(3_000))
  const change = (from: string, to: string): string => {
    t.match(bootstrap, from)
    return bootstrap.replaceAll(from, to)
  }
  t.match(await validated(t, change('"stat_prefix"', '"stat_prefx"')), { code: 1, output: /no\s+such\s+field:\s+'stat_prefx'/ }, 'a misspelt field of a filter')
  t.match(await validated(t, change('"lb_policy"', '"lb_polcy"')), { code: 1, output: /no\s+such\s+field:\s+'lb_polcy'/ }, 'a misspelt field')
  t.match(await validated(t, change('"port_value": 3000', '"port_value": 70000')), { code: 1, output: /less than or equal to 65535/ }, 'a value out of range')
  t.match(await validated(t, change('LEAST_REQUEST', 'LEAST_REQUESTS')), { code: 1, output: /LEAST_REQUESTS/ }, 'a value that is none')
  t.match(await validated(t, change('"cluster": "instances"', '"cluster": "instance"')), { code: 1, output: /unknown cluster 'instance'/ }, 'a cluster that is not there')
})

t.test('what a proxy does with requests', { skip: missingNameServer() }, async (t) => {
  await t.test('they are led to all instances in DNS alike, and to none that has left', async (t) => {
    const stage = await startEnvoyStage(t, httpJob, httpInstance('own'))
    t.strictSame(await ask(stage.port), { status: 200, by: 'own' }, 'while none is in DNS, to its own')
    await Promise.all([1, 2, 3].map((number) => stage.instance(number, httpInstance(`${number}`))))
    stage.ready = [1, 2, 3]
    await until('Envoy asks again', async () => (await ask(stage.port)).by !== 'own')
    t.strictSame(await askers(stage.port, 100), { '200 1': true, '200 2': true, '200 3': true })
    stage.ready = [1, 2]
    await until('3 has left', async () => !('200 3' in (await askers(stage.port, 30))))
    t.strictSame(await askers(stage.port, 100), { '200 1': true, '200 2': true })
    t.ok(stage.memory() < 128 * 1_024 ** 2, `${Math.round(stage.memory() / 1_024 ** 2)} MiB`)
  })
  await t.test('a connection that is refused is made to another instance, and nobody notices', async (t) => {
    const stage = await startEnvoyStage(t, httpJob, httpInstance('own'))
    await stage.instance(1, httpInstance('1'))
    stage.ready = [1, 9]
    await until('Envoy asks again', async () => (await ask(stage.port)).by !== 'own')
    t.strictSame(await askers(stage.port, 100), { '200 1': true })
  })
  await t.test('an instance that fails five times in a row is left out, and comes back; its share goes to the others in DNS', async (t) => {
    const stage = await startEnvoyStage(t, httpJob, httpInstance('own'))
    let asked = 0
    let fails = true
    await stage.instance(1, httpInstance('1'))
    await stage.instance(2, httpInstance('2', (_request, response) => {
      asked += 1
      response.statusCode = fails ? 503 : 200
    }))
    stage.ready = [1, 2]
    await until('Envoy asks again', async () => (await ask(stage.port)).by !== 'own')
    await until('it is left out', async () => !('503 2' in (await askers(stage.port, 20))))
    const before = asked
    t.ok(before >= 5 && before < 60, `asked ${before} times`)
    t.strictSame(await askers(stage.port, 100), { '200 1': true })
    t.equal(asked, before)
    fails = false
    await until('it is back', async () => (await ask(stage.port)).by === '2', 60_000)
  })
  await t.test('a connection can become one of WebSockets', async (t) => {
    const own = httpInstance('own').on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
      socket.on('data', (data: Buffer) => socket.end(`heard ${data.toString()}`))
    })
    const { port } = await startEnvoyStage(t, httpJob, own)
    const socket = connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nhost: web\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
    let said = ''
    socket.on('data', (data: Buffer) => (said += data.toString()))
    await until('it is taken', () => said.includes('101 Switching Protocols'))
    socket.write('ping')
    await once(socket, 'close')
    t.match(said, /heard ping$/)
  })
})

t.test('what is not HTTP is led to all instances in DNS, and past those that refuse', { skip: missingNameServer() }, async (t) => {
  const stage = await startEnvoyStage(t, tcpJob, tcpInstance('own'))
  t.equal(await hear(stage.port), 'own', 'while none is in DNS, to its own')
  await stage.instance(1, tcpInstance('1'))
  await stage.instance(2, tcpInstance('2'))
  stage.ready = [1, 2, 9]
  await until('Envoy asks again', async () => (await hear(stage.port)) !== 'own')
  const heard = new Set<string>()
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  for (let count = 0; count < 100; count += 1) heard.add(await hear(stage.port))
  t.strictSame([...heard].toSorted(), ['1', '2'])
})

/** Which answers came to a number of requests, one after the other. */
async function askers(port: number, requests: number): Promise<Readonly<Record<string, true>>> {
  const found = new Set<string>()
  for (let count = 0; count < requests; count += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { status, by } = await ask(port)
    found.add(`${status} ${by}`)
  }
  return Object.fromEntries([...found].toSorted().map((each) => [each, true]))
}

/** What Envoy says of a configuration when it only looks at it. */
function validated(t: Test, bootstrap: string, args: readonly unknown[] = renderedEnvoy(httpJob(1)).args): Promise<Said> {
  const file = join(t.testdir({}), 'envoy.json')
  writeFileSync(file, bootstrap)
  return envoy(['--mode', 'validate', ...argsWith(args, file)])
}

interface Said {
  readonly code: number
  readonly output: string
}

function envoy(args: readonly string[]): Promise<Said> {
  const { promise, resolve, reject } = Promise.withResolvers<Said>()
  execFile(envoyBinary(), args, (error, stdout, stderr) => {
    if (error !== null && typeof error.code !== 'number') reject(error)
    else resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr })
  })
  return promise
}
