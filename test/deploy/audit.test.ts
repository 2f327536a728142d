import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { audit, type Audit, faultsOfAudit, readAudit } from '../../deploy/audit.ts'
import { missingCommand } from '../native/support/commands.ts'

const skip = missingCommand('npm')
const fault = { id: 1, url: 'https://advisories.example/1', title: 'Everything falls', vulnerable_versions: '>=0.0.1', cwe: ['CWE-1'], cvss: { score: 8, vectorString: null } }

/** Asks a registry that answers this to every question for advisories, and knows no package. */
async function auditWith(t: Test, status: number, answer: object): Promise<Audit> {
  const server = createServer((request, response) => {
    const isAdvisories = request.url?.startsWith('/-/npm/v1/security/') === true
    request.resume().on('end', () => response.writeHead(isAdvisories ? status : 404, { 'content-type': 'application/json' }).end(JSON.stringify(isAdvisories ? answer : {})))
  })
  const listening = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  const before = { registry: process.env['npm_config_registry'], cache: process.env['npm_config_cache'] }
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[`npm_config_${name}`]
      else process.env[`npm_config_${name}`] = value
    }
  })
  process.env['npm_config_registry'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  process.env['npm_config_cache'] = t.testdir({})
  return audit()
}

t.test('a registry that knows nothing against the packages', { skip }, async (t) => {
  const found = await auditWith(t, 200, {})
  t.strictSame(found, { kind: 'answered', high: [] })
  t.strictSame(faultsOfAudit(found, false), [])
})

t.test('one that knows a high vulnerability of a package that is part of usher keeps it from being released', { skip }, async (t) => {
  const found = await auditWith(t, 200, { fastify: [{ ...fault, severity: 'high' }] })
  t.match(found, { kind: 'answered', high: [/^fastify: high \(Everything falls, https:\/\/advisories\.example\/1\)$/] })
  t.match(faultsOfAudit(found, true), [/^npm audit knows a vulnerability of fastify: high/], 'whoever goes on without an answer has had one')
})

t.test('a moderate one, and one of what is only there to build and to test, do not', { skip }, async (t) => {
  t.strictSame(await auditWith(t, 200, { fastify: [{ ...fault, severity: 'moderate' }], tap: [{ ...fault, severity: 'critical' }] }), { kind: 'answered', high: [] })
})

t.test('no answer is no pass: a registry that does not know how, or is away', { skip }, async (t) => {
  const found = await auditWith(t, 404, { error: 'not found' })
  t.match(found, { kind: 'silent', why: /\w/ })
  t.match(faultsOfAudit(found, false), [/^npm audit has no answer, so that nothing is known of vulnerabilities \(.+\); .*--without-audit$/])
  t.strictSame(faultsOfAudit(found, true), [])
  process.env['npm_config_registry'] = 'http://127.0.0.1:1/'
  t.match(await audit(), { kind: 'silent', why: /ECONNREFUSED|audit endpoint/ })
})

t.test('only a whole report counts as one', async (t) => {
  for (const stdout of ['', '{', '[]', '{}', '{"vulnerabilities":{}}', '{"vulnerabilities":{},"metadata":{"vulnerabilities":{"high":0}}}']) {
    t.match(readAudit(stdout), { kind: 'silent', why: 'it has written no report' }, stdout)
  }
  t.match(readAudit('{"error":{"code":"ENOAUDIT","summary":"no audit here"}}'), { kind: 'silent', why: 'no audit here' })
  t.match(readAudit('', 'npm error network\nnpm error offline\n'), { kind: 'silent', why: 'npm error offline' })
  const vulnerabilities = { a: { name: 'a', severity: 'critical', via: ['b'] }, b: { name: 'b', severity: 'low', via: [] } }
  t.match(readAudit(JSON.stringify({ vulnerabilities, metadata: { vulnerabilities: { high: 0, critical: 1 } } })), { kind: 'answered', high: ['a: critical'] })
})
