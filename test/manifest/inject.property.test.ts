import * as fc from 'fast-check'
import t from 'tap'
import type { DecisionContext } from '../../src/inject/context.ts'
import { decide } from '../../src/inject/decide.ts'
import { dataOf, readDocument } from '../../src/manifest/document.ts'
import { injectDocument } from '../../src/manifest/inject.ts'
import { uninjectDocument } from '../../src/manifest/uninject.ts'
import { isObject, isSame, type Json, type JsonObject } from '../../src/units/json.ts'
import { arbitraryContext } from '../support/arbitrary-context.ts'
import { type ArbitraryManifest, arbitraryManifest, atSteps } from '../support/arbitrary-manifest.ts'
import { asParsed } from '../support/arbitrary-pod.ts'
import { patched } from '../support/injected.ts'
import { forAll } from '../support/property.ts'

const manifestAndContext = fc.tuple(arbitraryManifest, arbitraryContext, fc.constantFrom(false, true)).map(
  ([manifest, context, exec]) => [manifest, exec ? { ...context, config: { ...context.config, nap: { ...context.config.nap, method: 'exec' as const } } } : context] as const,
)

t.test('the printer of the manifests prints what it is given', async (t) => {
  forAll(t, 1, arbitraryManifest, ({ text, data }) => {
    same(read(text), data, text)
    return true
  })
})

t.test('makes of the text what the patch of the webhook makes of the data', async (t) => {
  forAll(t, 0.3, manifestAndContext, ([manifest, context]) => {
    const { text, faults } = injectDocument(manifest.text, () => context)
    if (faults.length > 0) return isKnown(faults)
    same(withoutText(read(text)), injectedData(manifest, context), text)
    return text !== manifest.text
  })
})

t.test('changes nothing in what it has injected', async (t) => {
  forAll(t, 0.3, manifestAndContext, ([manifest, context]) => {
    const { text } = injectDocument(manifest.text, () => context)
    const again = injectDocument(text, () => context)
    if (again.text !== text) throw new Error(`once:\n${text}\ntwice:\n${again.text}`)
    return text !== manifest.text
  })
})

t.test('gives the input back, byte for byte', async (t) => {
  forAll(t, 0.3, manifestAndContext, ([manifest, context]) => {
    const { text } = injectDocument(manifest.text, () => context)
    const back = uninjectDocument(text)
    if (back.text !== manifest.text || back.faults.length > 0) {
      throw new Error(`${JSON.stringify(back.faults)}\nwas:\n${manifest.text}\ninjected:\n${text}\nback:\n${back.text}`)
    }
    return text !== manifest.text
  })
})

/** What cannot be edited, and is said so. */
function isKnown(faults: readonly { readonly text: string }[]): boolean {
  const unknown = faults.find(({ text }) => !/the API server would not accept|cannot be ended/.test(text))
  if (unknown !== undefined) throw new Error(unknown.text)
  return false
}

function read(text: string): unknown {
  const reading = readDocument(text.replace(/^\u{FEFF}/u, ''))
  if (reading.kind !== 'manifest') throw new Error(`${JSON.stringify(reading)}\n${text}`)
  return asNumbers(dataOf(reading.manifest))
}

/** Generated data know no other numbers. */
function asNumbers(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? Number(each) : each)))
}

function same(found: unknown, wanted: unknown, text: string): void {
  if (!isSame(found, wanted)) throw new Error(`found ${JSON.stringify(found)}\nwanted ${JSON.stringify(wanted)}\nin\n${text}`)
}

/** The decision about each template, applied to the data. */
function injectedData({ data, templates }: ArbitraryManifest, context: DecisionContext): Json {
  let result: Json = data
  for (const { steps, controller } of templates) {
    const pod = atSteps(result, steps)
    if (!isObject(pod)) throw new Error('a template is an object')
    result = replaced(result, steps, patched(pod, decide(pod, { ...context, controller })))
  }
  return result
}

function replaced(value: Json, [step, ...rest]: readonly (string | number)[], inner: Json): Json {
  if (step === undefined) return inner
  const next = replaced(atSteps(value, [step]), rest, inner)
  if (Array.isArray(value)) return value.with(Number(step), next)
  return isObject(value) ? { ...value, [step]: next } : next
}

/** Without what the status tells of how places were written: the decision about the data knows nothing of that. */
function withoutText(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, each: unknown) => {
    if (key !== 'usher.dev/status' || typeof each !== 'string') return each
    const status: JsonObject = asParsed(JSON.parse(each))
    const { text: _, ...others } = status
    return JSON.stringify(others)
  })
}
