import { Counter, Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { buildProbes } from '../../src/http/probes.ts'
import { isProblem } from '../support/problem.ts'

t.test('is healthy', async (t) => {
  const { app } = probes(t)
  const { statusCode, headers, body } = await app.inject('/healthz')
  t.equal(statusCode, 200)
  t.match(headers['content-type'], /^text\/plain/)
  t.equal(body, 'ok\n')
})

t.test('is ready, or says why not', async (t) => {
  const { app, setReason } = probes(t)
  t.match(await app.inject('/readyz'), { statusCode: 200, body: 'ok\n' })
  setReason('closing')
  t.match(await app.inject('/readyz'), { statusCode: 503, body: 'closing\n' })
  t.match(await app.inject('/healthz'), { statusCode: 200 }, 'and is healthy all the same')
  setReason(undefined)
  t.match(await app.inject('/readyz'), { statusCode: 200 })
})

t.test('shows its metrics as Prometheus reads them', async (t) => {
  const { app, registry } = probes(t)
  new Counter({ name: 'seen_total', help: 'What was seen.', registers: [registry] }).inc(3)
  const { statusCode, headers, body } = await app.inject('/metrics')
  t.equal(statusCode, 200)
  t.match(headers['content-type'], /^text\/plain; version=0\.0\.4/)
  t.match(body, '# HELP seen_total What was seen.\n# TYPE seen_total counter\nseen_total 3\n')
})

t.test('answers everything else with a problem document', async (t) => {
  const { app } = probes(t)
  for (const [method, url] of [['GET', '/'], ['GET', '/healthz/'], ['POST', '/metrics'], ['POST', '/mutate']] as const) {
    const { statusCode: status, headers, body } = await app.inject({ method, url })
    isProblem(t, { status, type: headers['content-type']?.toString(), body }, 'not-found', `${method} ${url}`)
  }
})

function probes(t: Test) {
  const registry = new Registry()
  let reason: string | undefined
  const app = buildProbes({ registry, notReady: () => reason })
  t.teardown(() => app.close())
  return { app, registry, setReason: (next: string | undefined) => void (reason = next) }
}
