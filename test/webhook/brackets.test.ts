import type { Agent } from 'node:https'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { readAnswer, reviewOf, reviewOfText, smallPod } from '../support/review.ts'
import { agentFor, post, type Server } from '../support/tls-client.ts'
import { until } from '../support/until.ts'
import { listeningWebhook } from '../support/webhook.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const size = 6_800_000
const withinMs = 2_000
// What one body weighs; a server that kept parsed brackets would hold hundreds of megabytes.
const roomBytes = 7 * 1024 * 1024

function balanced(depth: number, open = '[', close = ']'): string {
  return open.repeat(depth) + close.repeat(depth)
}

/** A text again and again, to the size. */
function many(part: string): string {
  return `[${Array.from({ length: Math.floor(size / (part.length + 1)) }, () => part).join(',')}]`
}

const hostile: Readonly<Record<string, () => string>> = {
  'balanced brackets': () => balanced(size / 2),
  'brackets that are never closed': () => '['.repeat(size),
  'brackets that were never opened': () => ']'.repeat(size),
  'braces that are never closed': () => '{'.repeat(size),
  'nested objects, balanced': () => balanced(size / 6, '{"a":', '}'),
  'brackets and braces in turn': () => '[{"a":'.repeat(size / 6),
  'towers just below the limit of depth': () => many(balanced(9_990)),
  'empty lists side by side': () => many('[]'),
  'brackets in one string': () => JSON.stringify('['.repeat(size)),
  'a string of escapes that never ends': () => `"${'\\"'.repeat(size / 2)}`,
}

interface Outcome {
  readonly title: string
  readonly status: number
  readonly body: string
  readonly ms: number
  /** What a usual review got afterwards. */
  readonly next: string
}

t.test('6.8 MB of brackets are answered 400 within 2 s, and leave nothing behind', async (t) => {
  const server = await listeningWebhook(t)
  const agent = agentFor(t, server)
  const send = async (title: string, build: () => string) => sendHostile(agent, server, title, build)
  await send('to warm up', () => '['.repeat(100_000))
  const before = heapAfterCollection()
  const outcomes: Outcome[] = []
  for (const [title, build] of Object.entries(hostile)) outcomes.push(await send(title, build))
  // V8 gives the memory of buffers back a little later, on a thread of its own.
  await until('the heap is back', () => heapAfterCollection() - before < roomBytes)
  for (const { title, status, body, ms, next } of outcomes) {
    t.equal(status, 400, title)
    t.match(JSON.parse(body), { status: 400, detail: String }, `${title}: a problem document`)
    t.ok(ms < withinMs, `${title}: ${Math.round(ms)} ms`)
    t.match(readAnswer(next), { allowed: true, reasons: ['nap-added', 'lock-added'] }, `${title}: the server goes on`)
  }
})

t.test('the same brackets in a review, and beside its request, do not keep the pod out', async (t) => {
  const server = await listeningWebhook(t)
  const agent = agentFor(t, server)
  const bodies: Readonly<Record<string, () => string>> = {
    'as the object': () => reviewOfText(balanced(size / 2)),
    'as objects in the object': () => reviewOfText(`{"a":${'{"a":'.repeat(size / 6)}0${'}'.repeat(size / 6)}}`),
    'as a field of the pod': () => reviewOfText(`{"spec":{"containers":[{"name":"app"}],"x":${balanced(size / 2)}}}`),
    'as its containers': () => reviewOfText(`{"spec":{"containers":${many('[]')}}}`),
    'with a key that might be __proto__': () => reviewOfText(`{"\\u005f":1,"x":${many('[]')}}`),
    'before the request': () => reviewOf(smallPod()).replace('{', () => `{"x":${many('[]')},`),
  }
  for (const [title, build] of Object.entries(bodies)) {
    const { status, body, ms } = await sendHostile(agent, server, title, build)
    t.equal(status, 200, title)
    t.match(readAnswer(body), { allowed: true, uid: 'uid-of-the-review' }, title)
    t.ok(ms < withinMs, `${title}: ${Math.round(ms)} ms`)
  }
})

async function sendHostile(agent: Agent, server: Server, title: string, build: () => string): Promise<Outcome> {
  const text = Buffer.from(build())
  const start = performance.now()
  const before = process.cpuUsage()
  const { status, body } = await post(agent, server, text)
  const { user, system } = process.cpuUsage(before)
  // On a busy machine the wall clock tells of the others.
  const ms = Math.min(performance.now() - start, (user + system) / 1_000)
  return { title, status, body, ms, next: (await post(agent, server, reviewOf(smallPod()))).body }
}

function heapAfterCollection(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
