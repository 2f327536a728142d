import * as fc from 'fast-check'
import t from 'tap'
import { injectDocument } from '../../src/manifest/inject.ts'
import { splitDocuments } from '../../src/manifest/split.ts'
import { uninjectDocument } from '../../src/manifest/uninject.ts'
import { arbitraryManifest } from '../support/arbitrary-manifest.ts'
import { context } from '../support/context.ts'

/** Documents that are none of usher's business, or not to be read. */
const others = fc.constantFrom(
  'apiVersion: v1\nkind:   Service # odd\nmetadata: { name: x }\n',
  'apiVersion: v1\nkind: ConfigMap\ndata:\n  x: |\n    kind: Pod\n    --- \n\n\n',
  'kind: {{ .Values.kind }}\n',
  'a:\n\t- b\n',
  'apiVersion: v1\nkind: Pod\nkind: Pod\n',
  'apiVersion: example.com/v1\nkind: Deployment\nspec: {template: {spec: {}}}\n',
  '# Nothing but a comment.\n',
  '\n',
  '"\n',
)

t.test('leaves the bytes of all other documents, whatever stands beside them', async (t) => {
  const stream = fc.array(fc.oneof({ weight: 2, arbitrary: others }, { weight: 1, arbitrary: arbitraryManifest.map(({ text }) => ended(text)) }), {
    minLength: 1,
    maxLength: 5,
  })
  await fc.assert(
    fc.asyncProperty(stream, async (documents) => {
      const texts = documents.map((text, index) => (index === 0 ? text : `---\n${text.replace(/^\u{FEFF}/u, '')}`))
      const pieces = await split(texts.join(''))
      const injected = pieces.map((text) => injectDocument(text, () => context).text)
      for (const [index, text] of pieces.entries()) {
        // All that is generated has some.
        if (!text.includes('containers') && injected[index] !== text) throw new Error(`was ${text}, is ${injected[index]}`)
      }
      const back = (await split(injected.join(''))).map((text) => uninjectDocument(text).text).join('')
      if (back !== texts.join('')) throw new Error(`was:\n${texts.join('')}\nis:\n${back}`)
    }),
    { numRuns: 200 },
  )
  t.pass()
})

function ended(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}

async function split(text: string): Promise<readonly string[]> {
  const texts: string[] = []
  for await (const { bytes } of splitDocuments(once(text))) texts.push(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
  return texts
}

async function* once(text: string): AsyncIterable<Uint8Array> {
  yield new TextEncoder().encode(text)
}
