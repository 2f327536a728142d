import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastJsonPatch, { type Operation } from 'fast-json-patch'
import { isObject, isSame, type JsonObject } from '../../../src/units/json.ts'
import { issueForTest } from '../../support/certificates.ts'
import { initNames, listAt, objectAt } from '../../support/pod-reader.ts'
import { until } from '../../support/until.ts'
import { startApiServer } from '../../tools/api-server.ts'
import type { Owner } from '../../tools/local-process.ts'
import { type ServerProcess, startServer } from '../webhook/server-process.ts'
import { type ApiClient, openApiClient, textAt } from './api-client.ts'
import { type ApiAccess, ApiConnection, jsonOf, requestOf } from './api-connection.ts'
import { type InstalledUsher, installUsher } from './installed-usher.ts'
import type { Variant, VariantName } from './measure-rounds.ts'
import { podToCreate, reviewIn, withoutToken } from './measured-pod.ts'
import { type Additions, applyConfigurationOf, jsonPatchOf, policyOf, remainderOf, wholes } from './policies.ts'
import { variantNames } from './summary.ts'

/** An API server in which each variant has a namespace of its own. */
export interface Cluster {
  readonly access: ApiAccess
  readonly variants: readonly Variant[]
}

const floorProgram = fileURLToPath(new URL('../webhook/floor.ts', import.meta.url))
// Chooses a namespace for one of the variants that are not usher.
const label = 'bench'

/** Starts it, with everything that changes pods, and checks in full what each variant makes of the pod. */
export async function startCluster(t: Owner, folder: string): Promise<Cluster> {
  // Its log is read by nobody, and there is no audit log.
  const server = await startApiServer(t, { flags: ['--v=0', '--profiling=false'] })
  const client = await openApiClient(server)
  t.teardown(() => client.close())
  for (const name of variantNames) await makeNamespace(client, name)
  const usher = await installUsher(t, client, server.kubeconfig, folder)
  const patch = await patchOf(usher, namespaceOf('usher'))
  await registerFloor(t, client, usher.configuration, patch, folder)
  await createPolicies(client, usher.configuration, additionsOf(patch))
  await checkAll(client)
  const variants = variantNames.map((name) => ({ name, request: creating(client.access, name), isChanged: name !== 'none' }))
  return { access: client.access, variants }
}

function namespaceOf(name: VariantName): string {
  return `bench-${name}`
}

async function makeNamespace(client: ApiClient, name: VariantName): Promise<void> {
  const labels = name === 'usher' ? { 'usher.dev/inject': 'enabled' } : { [label]: name }
  const namespace = namespaceOf(name)
  await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } })
  await client.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } })
}

function pathOf(name: VariantName): string {
  return `/api/v1/namespaces/${namespaceOf(name)}/pods?dryRun=All`
}

function creating(access: ApiAccess, name: VariantName): Buffer {
  return requestOf(access, 'POST', pathOf(name), podToCreate())
}

/** What usher answers to the review of the pod, once it has seen its cluster: the patch, in base64. */
async function patchOf({ server, configuration }: InstalledUsher, namespace: string): Promise<string> {
  const ca = Buffer.from(textAt(listAt(configuration, 'webhooks')[0], 'clientConfig', 'caBundle'), 'base64').toString()
  const access = { port: server.port, ca, token: '' }
  const { promise: failure, reject } = Promise.withResolvers<never>()
  failure.catch(() => {})
  const connection = await ApiConnection.open(access, reject)
  try {
    const request = requestOf(access, 'POST', '/mutate', reviewIn(namespace))
    return await until('usher injects its lock', async () => {
      const { patch } = objectAt(jsonOf(await Promise.race([connection.ask(request), failure])), 'response')
      if (typeof patch !== 'string') return undefined
      return Buffer.from(patch, 'base64').includes('"usher-lock"') ? patch : undefined
    })
  } finally {
    connection.close()
  }
}

/** What a patch adds to the pod. */
function additionsOf(patch: string): Additions {
  const operations: readonly Operation[] = JSON.parse(Buffer.from(patch, 'base64').toString())
  const { spec } = fastJsonPatch.applyPatch<unknown>(podToCreate(), operations).newDocument as { spec: JsonObject }
  const [initContainer] = listAt(spec, 'initContainers')
  if (initContainer === undefined) throw new Error('usher adds no init container')
  return {
    initContainer,
    containers: listAt(spec, 'containers').map((container, index) => {
      const seconds = objectAt(container, 'livenessProbe')['terminationGracePeriodSeconds']
      const probeGraceSeconds = typeof seconds === 'number' ? seconds : undefined
      return { index, name: textAt(container, 'name'), lifecycle: objectAt(container, 'lifecycle'), probeGraceSeconds }
    }),
    graceSeconds: Number(spec['terminationGracePeriodSeconds']),
  }
}

/** Starts the bare handler with that patch, and registers it as usher is. */
async function registerFloor(t: Owner, client: ApiClient, ofUsher: JsonObject, patch: string, folder: string): Promise<ServerProcess> {
  const certs = join(folder, 'floor')
  mkdirSync(certs)
  const { ca, leaf } = await issueForTest()
  writeFileSync(join(certs, 'tls.crt'), leaf.cert)
  writeFileSync(join(certs, 'tls.key'), leaf.key, { mode: 0o600 })
  const floor = await startServer('floor', [floorProgram, '--certs', certs, '--patch', patch], { cwd: folder, folder })
  t.teardown(() => floor.stop())
  const webhooks = listAt(ofUsher, 'webhooks').slice(0, 1).map((webhook) => ({
    ...webhook,
    name: 'floor.bench.test',
    namespaceSelector: selecting('floor'),
    clientConfig: { url: `https://127.0.0.1:${floor.port}/mutate`, caBundle: Buffer.from(ca.cert).toString('base64') },
  }))
  const { apiVersion, kind } = ofUsher
  await client.create({ apiVersion, kind, metadata: { name: 'floor' }, webhooks })
  return floor
}

async function createPolicies(client: ApiClient, ofUsher: JsonObject, additions: Additions): Promise<void> {
  const conditions = listAt(ofUsher, 'webhooks')[0]?.['matchConditions'] ?? []
  const apply = applyConfigurationOf(additions)
  const policies = { apply: [apply], 'apply-all': [apply, remainderOf(additions)], 'json-patch': [jsonPatchOf(additions)] } as const
  for (const name of ['apply', 'apply-all', 'json-patch'] as const) {
    for (const object of policyOf(`bench-${name}`, policies[name], selecting(name), conditions)) await client.create(object)
  }
}

function selecting(name: VariantName): JsonObject {
  return { matchLabels: { [label]: name } }
}

/**
 * Waits until the API server knows all, and compares the pods that come of it: those of both webhooks are the same, and
 * those of the policies too but for usher's note of what it did, and for {@link missing}.
 *
 * @throws where they differ.
 */
async function checkAll(client: ApiClient): Promise<void> {
  const specs = new Map<VariantName, JsonObject>()
  for (const name of variantNames) {
    const pod = await until(`${name} changes the pod`, async () => {
      const made = await client.ask('POST', pathOf(name), podToCreate())
      return name === 'none' || initNames(made).includes('usher-lock') ? made : undefined
    })
    const spec: unknown = JSON.parse(JSON.stringify(pod['spec']), withoutToken)
    const isNoted = 'usher.dev/status' in objectAt(pod, 'metadata', 'annotations')
    if (!isObject(spec) || isNoted !== (name === 'usher' || name === 'floor')) throw new Error(`${name}: ${JSON.stringify(pod)}`)
    specs.set(name, spec)
  }
  for (const [name, spec] of specs) {
    const ours = withoutMissing(specs.get('usher'), missing[name])
    if (isSame(spec, ours) !== (name !== 'none')) throw new Error(`${name} makes another pod than usher: ${JSON.stringify(spec)}\n${JSON.stringify(ours)}`)
  }
}

// Of the init container: what an ApplyConfiguration cannot add; and what the API server has mounted into it since the first
// call, which the second call's constant patch takes away again.
const missing: Readonly<Partial<Record<VariantName, ReadonlySet<string>>>> = { apply: wholes, floor: new Set(['volumeMounts']) }

function withoutMissing(spec: JsonObject = {}, keys: ReadonlySet<string> = new Set()): JsonObject {
  const cut = (key: string, value: unknown): unknown => (keys.has(key) ? undefined : value)
  return { ...spec, initContainers: JSON.parse(JSON.stringify(spec['initContainers']), cut) }
}
