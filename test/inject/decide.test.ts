import jsonpatch, { type Operation } from 'fast-json-patch'
import t from 'tap'
import { decide } from '../../src/inject/decide.ts'
import { readStatus, writeStatus } from '../../src/inject/status.ts'
import { context } from '../support/context.ts'

// The API server's limit for all annotations of an object, in bytes.
const limit = 256 * 1_024

t.test('leaves a pod alone whose annotations have no room for ours', async (t) => {
  for (const filler of ['x'.repeat(limit - 100), 'ü'.repeat(limit / 2 - 100)]) {
    const { patch, reasons } = decide(podWith(filler), context)
    t.same(patch, [])
    t.same(reasons, [{ code: 'annotations-full' }])
  }
})

t.test('injects a pod with large annotations as long as there is room', async (t) => {
  for (const filler of ['x'.repeat(limit - 1_000), 'ü'.repeat(limit / 2 - 500)]) {
    const pod = podWith(filler)
    const { patch } = decide(pod, context)
    const after = jsonpatch.applyPatch(pod, structuredClone(patch) as Operation[], true).newDocument
    const bytes = Buffer.byteLength(Object.entries(after.metadata.annotations).flat().join(''))
    t.ok(patch.length > 0 && bytes <= limit, `${bytes} bytes`)
  }
})

t.test('a pod whose annotations are too large without us is the API server\'s to reject', async (t) => {
  t.ok(decide(podWith('x'.repeat(limit)), context).patch.length > 0)
})

t.test('reads back what it has written, however many containers there are', async (t) => {
  const containers = Array.from({ length: 300 }, (_, index) => `${'c'.repeat(58)}-${index}`)
  const status = { v: 1, nap: { method: 'native', seconds: 10, raised: 10, grace: 30, containers } } as const
  t.same(readStatus(writeStatus(status)), status)
})

function podWith(filler: string) {
  return {
    metadata: { name: 'web', annotations: { filler } },
    spec: { containers: [{ name: 'web', image: 'registry.example.test/web:1' }] },
  }
}
