import t from 'tap'
import { failureReason } from '../../../src/lock/gates/outcome.ts'

t.test('says in words why nothing came of a check', (t) => {
  t.equal(failureReason(failure('ENOTFOUND')), 'name not found')
  t.equal(failureReason(failure('EAI_AGAIN')), 'name server does not answer')
  t.equal(failureReason(failure('CERT_HAS_EXPIRED')), 'certificate not trusted (expired)')
  t.equal(failureReason(failure('CERT_REVOKED')), 'certificate not trusted')
  t.equal(failureReason(failure('ERR_SSL_UNSUPPORTED_PROTOCOL')), 'TLS handshake failed')
  t.equal(failureReason(failure('HPE_INVALID_CONSTANT')), 'does not speak HTTP')
  t.end()
})

t.test('names the code of what it has no words for, and nothing of its message', (t) => {
  t.equal(failureReason(failure('EMFILE')), 'failed (EMFILE)')
  t.equal(failureReason(new Error('http://user:secret@web/')), 'failed')
  t.equal(failureReason('secret'), 'failed')
  t.end()
})

t.test('looks into the failures of a name with several addresses', (t) => {
  t.equal(failureReason(new AggregateError([failure('ECONNREFUSED'), failure('ENETUNREACH')])), 'connection refused')
  t.equal(failureReason(new AggregateError([])), 'failed')
  t.end()
})

function failure(code: string): Error {
  return Object.assign(new Error('secret'), { code })
}
