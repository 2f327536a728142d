import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { randomUUID } from 'node:crypto'
import jsonpatch, { type Operation } from 'fast-json-patch'
import { parse } from 'yaml'
import { filesIn } from '../certs/files.ts'
import { defaultConfig } from '../config/defaults.ts'
import { decide } from '../inject/decide.ts'
import type { Reason } from '../inject/reasons.ts'
import type { Json } from '../units/json.ts'
import { type ApiServer, connect } from './api-server.ts'
import { startWebhook } from './webhook-process.ts'
import { type Example, exampleOf, reviewOf } from './workload.ts'

/** What the webhook did to one example. */
export interface Outcome {
  readonly example: Example
  readonly before: Json
  readonly after: Json
  readonly patch: readonly Operation[]
  readonly reasons: readonly Reason[]
  readonly warnings: readonly string[]
  /** From the request to its answer, in milliseconds. */
  readonly ms: number
}

const examplesFolder = fileURLToPath(new URL('../../deploy/examples/', import.meta.url))

/**
 * Plays the creation of every example's pod against a real webhook over TLS.
 *
 * @param command how `usher` is run here.
 * @param seen is told of each outcome as it comes.
 * @param signal ends it early; what it started is ended and removed then too.
 * @throws where the webhook does not do what it must: allow, answer the right review, patch so that the patch
 *   applies, and want nothing more from a pod that it has patched.
 */
export async function playAdmissions(
  command: readonly string[],
  seen: (outcome: Outcome) => void,
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const examples = await readExamples()
  const folder = await mkdtemp(join(tmpdir(), 'usher-demo-'))
  try {
    const webhook = await startWebhook(command, folder)
    const apiServer = connect(webhook.port, await readFile(filesIn(folder).ca, 'utf8'))
    const outcomes: Outcome[] = []
    let code: number | null = null
    try {
      for (const example of examples) {
        signal.throwIfAborted()
        const outcome = await admit(apiServer, example)
        seen(outcome)
        outcomes.push(outcome)
      }
    } finally {
      apiServer.close()
      code = await webhook.stop()
    }
    if (code !== 0) throw new Error(`the webhook ended with ${code}`)
    return outcomes
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function readExamples(): Promise<readonly Example[]> {
  const files = (await readdir(examplesFolder)).filter((file) => file.endsWith('.yaml')).toSorted()
  return Promise.all(
    files.map(async (file) => {
      const manifest: unknown = parse(await readFile(join(examplesFolder, file), 'utf8'))
      return exampleOf(manifest, `deploy/examples/${file}`)
    }),
  )
}

async function admit(apiServer: ApiServer, example: Example): Promise<Outcome> {
  const start = performance.now()
  const uid = randomUUID()
  const response = await apiServer.review(reviewOf(example, uid))
  const ms = performance.now() - start
  if (response.uid !== uid || !response.allowed) throw new Error(`${example.file}: the webhook did not allow the pod`)
  const after = applyTo(example.pod, response.patch)
  const again = await apiServer.review(reviewOf({ ...example, pod: after }, randomUUID()))
  if (again.patch.length > 0) throw new Error(`${example.file}: the webhook would patch its own work again`)
  return {
    example,
    before: example.pod,
    after,
    patch: response.patch,
    reasons: reasonsFor(example, response.codes),
    warnings: response.warnings,
    ms,
  }
}

function applyTo(pod: Example['pod'], patch: readonly Operation[]): Example['pod'] {
  const copy = structuredClone(pod)
  jsonpatch.applyPatch(copy, structuredClone(patch), true)
  return copy
}

/** The response carries codes alone; the same decision, made here, names features and containers too. */
function reasonsFor({ file, pod, namespace }: Example, codes: readonly string[]): readonly Reason[] {
  const { reasons } = decide(pod, {
    config: defaultConfig,
    namespace: { name: namespace },
    kubeVersion: { major: 1, minor: 37 },
    lockAvailable: true,
  })
  const [here, there] = [reasons.map(({ code }) => code), codes].map((list) => [...new Set(list)].toSorted().join(','))
  if (here !== there) throw new Error(`${file}: the webhook gave the reasons ${there}, and ${here} were expected`)
  return reasons
}
