import * as fc from 'fast-check'
import t from 'tap'
import { type Piece, splitDocuments } from '../../src/manifest/split.ts'

const cases: readonly { readonly what: string; readonly stream: string; readonly pieces: readonly (readonly [Piece['kind'], string, number])[] }[] = [
  { what: 'nothing', stream: '', pieces: [] },
  { what: 'documents between markers', stream: 'a: 1\n---\nb: 2\n', pieces: [['document', 'a: 1\n', 1], ['document', '---\nb: 2\n', 2]] },
  {
    what: 'comments before the first marker with the document that it begins, and later ones as blank',
    stream: '# c\n---\na: 1\n---\n# x\n\n---\nb: 1',
    pieces: [['document', '# c\n---\na: 1\n', 1], ['blank', '---\n# x\n\n', 4], ['document', '---\nb: 1', 7]],
  },
  {
    what: 'at the marker of an end, with the directives of the next one',
    stream: '%YAML 1.2\n---\na: 1\n...\n%YAML 1.2\n---\nb: 1\n',
    pieces: [['document', '%YAML 1.2\n---\na: 1\n...\n', 1], ['document', '%YAML 1.2\n---\nb: 1\n', 5]],
  },
  { what: 'not at dashes that are no marker', stream: 'a: |\n ---\n x\n---x: 1\n', pieces: [['document', 'a: |\n ---\n x\n---x: 1\n', 1]] },
  { what: 'with content behind the marker', stream: '--- {a: 1}\n--- # c\nb: 1\n---\r\n', pieces: [['document', '--- {a: 1}\n', 1], ['document', '--- # c\nb: 1\n', 2], ['blank', '---\r\n', 4]] },
  { what: 'behind a byte order mark', stream: '\u{FEFF}---\na: 1\n', pieces: [['document', '\u{FEFF}---\na: 1\n', 1]] },
  {
    what: 'between JSON objects, on one line or several',
    stream: '{"a":[1,{}]} {"b":"}{\\"}{"}\n{\n"c":1}\n',
    pieces: [['document', '{"a":[1,{}]} ', 1], ['document', '{"b":"}{\\"}{"}\n', 1], ['document', '{\n"c":1}\n', 2]],
  },
  { what: 'not in flow maps with braces in strings', stream: "{a: '}{', b: \"}{\"}\n", pieces: [['document', "{a: '}{', b: \"}{\"}\n", 1]] },
  { what: 'not behind a JSON object that a comment follows', stream: '{"a":1} # {"b":1}\n', pieces: [['document', '{"a":1} # {"b":1}\n', 1]] },
]

for (const { what, stream, pieces } of cases) {
  t.test(`splits ${what}`, async (t) => {
    for (const size of [1, 2, 7, 1_000]) t.strictSame(await split(stream, size), pieces, `in chunks of ${size} bytes`)
  })
}

t.test('gives pieces that are the stream, put together, however it comes in', async (t) => {
  const part = fc.constantFrom('---\n', '...\n', 'a: 1\n', '# c\n', '\n', '{"a":1}', '{"a":"\\"}{', '{', '}', '"', ' ', '--- x\n', '%YAML 1.2\n', '\u{FEFF}', 'ä😀', '\r\n')
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 30 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 40 }), async (parts, size, largest) => {
      const stream = parts.join('')
      const pieces = await split(stream, size, largest)
      if (pieces.map(([, text]) => text).join('') !== stream) throw new Error(JSON.stringify(pieces))
      const whole = await split(stream, 1_000)
      if (JSON.stringify(await split(stream, size)) !== JSON.stringify(whole)) throw new Error('chunks make a difference')
    }),
  )
  t.pass()
})

t.test('hands on what is too large in pieces, and goes on with the next document', async (t) => {
  const large = `a: ${'x'.repeat(200_000)}\n`
  const pieces = await split(`---\n${large}${large}---\nb: 1\n`, 50_000, 100_000)
  t.equal(pieces.map(([, text]) => text).join(''), `---\n${large}${large}---\nb: 1\n`)
  t.equal(pieces[0]?.[0], 'begin')
  t.strictSame(pieces.at(-1), ['document', '---\nb: 1\n', 4])
  t.ok(pieces.slice(1, -1).every(([kind]) => kind === 'more'))
  t.ok(pieces.every(([, text]) => text.length <= 250_000), 'none of them is all of it')
})

async function split(stream: string, size: number, largest?: number): Promise<readonly (readonly [Piece['kind'], string, number])[]> {
  const bytes = new TextEncoder().encode(stream)
  async function* chunks(): AsyncIterable<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size)
  }
  const pieces: (readonly [Piece['kind'], string, number])[] = []
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  // A character may be cut in two where a document is too large.
  const isCut = (kind: Piece['kind']): boolean => kind === 'begin' || kind === 'more'
  for await (const { kind, bytes: part, line } of splitDocuments(chunks(), largest)) {
    pieces.push([kind, decoder.decode(part, { stream: isCut(kind) }), line])
  }
  return pieces
}
