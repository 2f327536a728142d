import * as fc from 'fast-check'
import t from 'tap'
import { type Check, parseCheck } from '../../../src/lock/gates/check.ts'

t.test('reads http and https', (t) => {
  const check = parsed('https://user:pass@node.example:9999/health?token=1#x')
  t.match(check, { kind: 'http', name: 'https://node.example:9999/health' })
  t.equal(check.kind === 'http' && check.url.href, 'https://user:pass@node.example:9999/health?token=1#x')
  t.equal(parsed('http://10.0.0.1:9999').name, 'http://10.0.0.1:9999', 'as it was written, without a slash')
  t.equal(parsed(' HTTP://[::1]:80/a b ').name, 'http://[::1]/a%20b')
  t.end()
})

t.test('reads every other scheme as a connection that is to open', (t) => {
  t.strictSame(parsed('tcp://db:5432'), { kind: 'tcp', name: 'tcp://db:5432', host: 'db', port: 5432 })
  t.strictSame(parsed('tcp://[::1]:80'), { kind: 'tcp', name: 'tcp://[::1]:80', host: '::1', port: 80 })
  t.strictSame(parsed('ws://web:80/'), { kind: 'tcp', name: 'ws://web:80', host: 'web', port: 80 }, 'the port of the scheme itself')
  t.strictSame(parsed('Redis://u:secret@cache:6379/0?x=1'), { kind: 'tcp', name: 'redis://cache:6379/0', host: 'cache', port: 6379 })
  t.strictSame(parsed('tcp://bücher.example:1'), { kind: 'tcp', name: 'tcp://xn--bcher-kva.example:1', host: 'xn--bcher-kva.example', port: 1 })
  t.end()
})

t.test('names a text that is no check, what is wrong with it, and what is allowed', (t) => {
  const faults: Readonly<Record<string, string>> = {
    '': 'has no scheme',
    'localhost:8080': 'has no scheme',
    '/health': 'has no scheme',
    'tcp://db': 'has no port',
    'tcp://[::1]': 'has no port',
    'tcp://db:': 'has no port',
    'tcp://db:0': 'has a port that is not from 1 to 65535',
    'tcp://db:65536': 'has a port that is not from 1 to 65535',
    'http://web:65536/': 'has a port that is not from 1 to 65535',
    'http://': 'cannot be read as a URL',
    'http:///path': 'cannot be read as a URL',
    'tcp://:80': 'cannot be read as a URL',
    'tcp://300.1.1.1:80': 'cannot be read as a URL',
    'http://a b/': 'cannot be read as a URL',
    'http://::1/': 'cannot be read as a URL',
    'http://we\nb/': 'cannot be read as a URL',
  }
  const allowed = 'it must be http://HOST[:PORT][/PATH], https://HOST[:PORT][/PATH] or tcp://HOST:PORT'
  for (const [text, fault] of Object.entries(faults)) {
    t.strictSame(parseCheck(text), { problem: `${JSON.stringify(text)} ${fault}; ${allowed}` })
  }
  t.end()
})

t.test('shows no password of a text that it cannot read', (t) => {
  for (const text of ['http://u:secret@web:99999/', 'http://u:sec/secret@web', 'u:secret@web:80', 'http://u:secret%zz@web/']) {
    const read = parseCheck(text)
    t.ok('problem' in read && !read.problem.includes('secret') && read.problem.includes('…@web'), JSON.stringify(read))
  }
  t.end()
})

t.test('gives a check or a problem for every text, and no name with a secret or a space', (t) => {
  const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl({ withQueryParameters: true, withFragments: true }))
  const texts = fc.tuple(fc.constantFrom('', 'http://', 'tcp://u:secret@', 'https://secret@h/?', 'x://'), anyText, fc.constantFrom('', ':80', ':70000'))
  fc.assert(
    fc.property(texts, (parts) => {
      const read = parseCheck(parts.join(''))
      if ('problem' in read) return read.problem.includes('; it must be ')
      const [, authority = ''] = /^[^/]+:\/\/([^/]*)/.exec(read.name) ?? []
      return !/[\s?#]|secret/.test(read.name) && authority !== '' && !authority.includes('@')
    }),
  )
  t.pass()
  t.end()
})

function parsed(text: string): Check {
  const check = parseCheck(text)
  if ('problem' in check) throw new Error(check.problem)
  return check
}
