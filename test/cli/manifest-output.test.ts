import t from 'tap'
import { type DocumentFormat, DocumentWriter } from '../../src/cli/manifest-output.ts'
import { readDocument } from '../../src/manifest/document.ts'
import { splitDocuments } from '../../src/manifest/split.ts'
import { configMapJson, configMapYaml, namesIn } from '../support/manifests.ts'

/** Files of one object each, whose name is theirs. */
const files: Readonly<Record<string, string>> = {
  plain: configMapYaml('plain'),
  'without-final-newline': configMapYaml('without-final-newline').trimEnd(),
  marker: `---\n${configMapYaml('marker')}`,
  comment: `# What it is.\n${configMapYaml('comment')}`,
  'comment-indented': `  # What it is.\n${configMapYaml('comment-indented')}`,
  'comment-and-marker': `# What it is.\n\n---\n${configMapYaml('comment-and-marker')}`,
  directive: `%YAML 1.2\n---\n${configMapYaml('directive')}`,
  'comment-and-directive': `# What it is.\n%YAML 1.2\n---\n${configMapYaml('comment-and-directive')}`,
  'comment-indented-and-directive': `  # What it is.\n%YAML 1.2\n---\n${configMapYaml('comment-indented-and-directive')}`,
  'byte-order-mark': `\u{FEFF}${configMapYaml('byte-order-mark')}`,
  'byte-order-mark-and-marker': `\u{FEFF}---\n${configMapYaml('byte-order-mark-and-marker')}`,
  ended: `${configMapYaml('ended')}...\n`,
  'literal-without-final-newline': `${configMapYaml('literal-without-final-newline')}data:\n  a: |-\n    text`,
  crlf: configMapYaml('crlf').replaceAll('\n', '\r\n'),
  flow: '{apiVersion: v1, kind: ConfigMap, metadata: {name: flow}}\n',
  'flow-with-quotes': '{"apiVersion": v1, "kind": ConfigMap, "metadata": {name: flow-with-quotes}}\n',
  json: `${configMapJson('json')}\n`,
  'json-without-final-newline': configMapJson('json-without-final-newline'),
  'json-byte-order-mark': `\u{FEFF}${configMapJson('json-byte-order-mark')}`,
  'json-indented': `${JSON.stringify(JSON.parse(configMapJson('json-indented')), null, 2)}\n`,
}

for (const format of ['as-is', 'yaml'] as const) {
  t.test(`${format}: any two files become a stream of both, with every byte that is not a mark`, async (t) => {
    for (const [first, before] of Object.entries(files)) {
      for (const [second, after] of Object.entries(files)) {
        const stream = await written(format, [before, after])
        const isJson = first.startsWith('json') && second.startsWith('json') && format === 'as-is'
        t.strictSame(isJson ? namesInJson(stream) : namesOrFault(stream), [first, second], `${first}, ${second}`)
        if (format === 'as-is') t.ok(stream.startsWith(before) && stream.endsWith(after.replace('\u{FEFF}', '')), `${first}, ${second}: its bytes`)
      }
    }
  })
}

t.test('json: one object after the other, whatever the files were', async (t) => {
  const stream = await written('json', Object.values(files))
  t.strictSame(namesInJson(stream), Object.keys(files))
})

t.test('a stream of usher is one that usher reads: the same documents come out again', async (t) => {
  const stream = await written('as-is', Object.values(files))
  t.equal(await written('as-is', [stream]), stream)
  const documents = await documentsOf(stream)
  t.strictSame(documents.flatMap(namesOrFault), Object.keys(files))
})

t.test('what is blank between documents and files stays', async (t) => {
  const blank = '\n# Nothing yet.\n---\n\n'
  t.equal(await written('as-is', [blank]), blank)
  t.strictSame(namesIn(await written('as-is', [blank, configMapYaml('a'), '', '\u{FEFF}', blank, configMapYaml('b')])), ['a', 'b'])
})

t.test('bytes that are no text pass as they are, behind a marker where another file was before', async (t) => {
  const bytes = Buffer.from([0xff, 0xfe, 0x61, 0x00, 0x0a, 0x00])
  const chunks: Buffer[] = []
  const writer = new DocumentWriter(flowInto(chunks), 'as-is')
  await writer.write({ kind: 'manifest', text: configMapYaml('a').trimEnd() }, true)
  await writer.writeBytes(bytes, true)
  await writer.write({ kind: 'manifest', text: configMapYaml('b') }, true)
  t.same(Buffer.concat(chunks), Buffer.concat([Buffer.from(`${configMapYaml('a')}---\n`), bytes, Buffer.from(`\n---\n${configMapYaml('b')}`)]))
})

/** What files become, each of them split into its documents. */
async function written(format: DocumentFormat, texts: readonly string[]): Promise<string> {
  const chunks: Buffer[] = []
  const writer = new DocumentWriter(flowInto(chunks), format)
  for (const text of texts) {
    let isFirst = true
    for (const document of await documentsOf(text)) {
      await writer.write({ kind: readDocument(document.replace('\u{FEFF}', '')).kind, text: document }, isFirst)
      isFirst = false
    }
  }
  return Buffer.concat(chunks).toString()
}

async function documentsOf(text: string): Promise<readonly string[]> {
  async function* chunks(): AsyncIterable<Uint8Array> {
    yield Buffer.from(text)
  }
  const documents: string[] = []
  for await (const { bytes } of splitDocuments(chunks())) documents.push(Buffer.from(bytes).toString())
  return documents
}

function flowInto(chunks: Buffer[]) {
  return {
    async write(text: string | Uint8Array): Promise<void> {
      chunks.push(Buffer.from(text))
    },
  }
}

function namesOrFault(stream: string): readonly unknown[] {
  try {
    return namesIn(stream)
  } catch (error) {
    return [error instanceof Error ? error.message : error]
  }
}

/** The names of JSON objects that follow each other, each beginning on a line of its own. */
function namesInJson(stream: string): readonly unknown[] {
  return stream
    .replaceAll('\u{FEFF}', '')
    .trim()
    .split(/\n(?=\{)/)
    .map((text) => JSON.parse(text).metadata.name)
}
