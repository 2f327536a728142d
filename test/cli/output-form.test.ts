import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { documentText, streamText } from '../../src/cli/output-form.ts'

const shared = { name: 'web', labels: { app: 'web' } }
const value = { first: shared, second: shared, text: 'no', long: 'word '.repeat(60), missing: undefined, list: [1, null, true] }

t.test('YAML says what JSON says: without anchors, and texts stay texts', async (t) => {
  t.strictSame(parse(await documentText('yaml', value)), JSON.parse(await documentText('json', value)))
  t.notMatch(await documentText('yaml', value), /[&*]a1/)
})

t.test('what follows each other is a line of JSON, or a document of YAML', async (t) => {
  const lines = (await Promise.all([value, shared].map((each) => streamText('json', each)))).join('')
  t.strictSame(lines.trimEnd().split('\n').map((line) => JSON.parse(line)), JSON.parse(JSON.stringify([value, shared])))
  const documents = parseAllDocuments((await Promise.all([value, shared].map((each) => streamText('yaml', each)))).join(''))
  t.strictSame(Array.from(documents, (each) => each.toJS()), JSON.parse(JSON.stringify([value, shared])))
})
