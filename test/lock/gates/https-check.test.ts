import type { RequestListener } from 'node:http'
import { setDefaultCACertificates } from 'node:tls'
import { generate } from 'selfsigned'
import t from 'tap'
import { issueLeaf } from '../../../src/certs/issue.ts'
import { issueForTest } from '../../support/certificates.ts'
import { httpsTarget, httpTarget } from '../../support/check-target.ts'
import { at, run } from '../../support/run-check.ts'

t.test('trusts no certificate but of known CAs', async (t) => {
  const answer: RequestListener = (_request, response) => void response.end()
  const { cert, private: key } = await generate([{ name: 'commonName', value: '127.0.0.1' }], { keyType: 'ec', curve: 'P-256' })
  const selfSigned = await httpsTarget(t, { cert, key }, answer)
  const { ca, leaf } = await issueForTest(['127.0.0.1'])
  const unknown = await httpsTarget(t, leaf, answer)
  const misplaced = await httpsTarget(t, await issueLeaf(ca, ['web.example'], 1, new Date()), answer)
  const authority = await httpsTarget(t, ca, answer)
  t.strictSame(await run(at(selfSigned, 'https')), { passed: false, reason: 'certificate not trusted (self-signed)' })
  t.strictSame(await run(at(unknown, 'https')), { passed: false, reason: 'certificate not trusted (unknown CA)' })
  // Only this process trusts it, and ends with this file.
  setDefaultCACertificates([ca.cert])
  t.strictSame(await run(at(unknown, 'https')), { passed: true, reason: 'answers 200' })
  t.strictSame(await run(at(misplaced, 'https')), { passed: false, reason: 'certificate not trusted (for another name)' })
  t.strictSame(await run(at(authority, 'https')), { passed: false, reason: 'certificate not trusted (not for a server)' })
  await Promise.all([selfSigned, unknown, misplaced, authority].map((target) => target.quiet()))
})

t.test('fails where http is asked by https', async (t) => {
  const plain = await httpTarget(t, (_request, response) => void response.end())
  t.strictSame(await run(at(plain, 'https')), { passed: false, reason: 'TLS handshake failed' })
})
