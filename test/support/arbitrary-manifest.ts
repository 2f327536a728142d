import * as fc from 'fast-check'
import type { Controller } from '../../src/inject/pod.ts'
import { isObject, type Json, type JsonObject } from '../../src/units/json.ts'
import { arbitraryPod, asParsed } from './arbitrary-pod.ts'
import { printManifest, type Taste } from './manifest-printer.ts'

/** A manifest in some style, and what is in it. */
export interface ArbitraryManifest {
  readonly text: string
  readonly data: JsonObject
  /** The steps to the pod templates, each with what controls their pods. */
  readonly templates: readonly { readonly steps: readonly (string | number)[]; readonly controller: Controller | undefined }[]
}

const kinds = {
  Pod: { apiVersion: 'v1', controller: undefined },
  Deployment: { apiVersion: 'apps/v1', controller: 'ReplicaSet' },
  StatefulSet: { apiVersion: 'apps/v1', controller: 'StatefulSet' },
  ReplicaSet: { apiVersion: 'apps/v1', controller: 'ReplicaSet' },
  ReplicationController: { apiVersion: 'v1', controller: 'ReplicationController' },
  DaemonSet: { apiVersion: 'apps/v1', controller: 'DaemonSet' },
  Job: { apiVersion: 'batch/v1', controller: 'Job' },
  CronJob: { apiVersion: 'batch/v1', controller: 'Job' },
} as const

type Kind = keyof typeof kinds

const arbitraryKind = fc.constantFrom<Kind>('Deployment', 'Deployment', 'StatefulSet', 'Pod', 'Pod', 'ReplicaSet', 'ReplicationController', 'DaemonSet', 'Job', 'CronJob')

const workload = fc.tuple(arbitraryKind, arbitraryPod, fc.boolean()).map(([kind, pod, specFirst]) => {
  const { apiVersion, controller } = kinds[kind]
  const { metadata, spec } = asParsed(pod)
  const template = specFirst ? { spec, metadata } : { metadata, spec }
  const own = { apiVersion, kind, metadata: { name: 'web' } }
  const name = { name: 'web' }
  const owner = controller === undefined ? undefined : { kind: controller, ...name }
  if (kind === 'Pod') return { data: asParsed({ apiVersion, kind, ...template }), steps: [], controller: undefined }
  if (kind === 'CronJob') {
    const steps = ['spec', 'jobTemplate', 'spec', 'template']
    return { data: asParsed({ ...own, spec: { schedule: '0 * * * *', jobTemplate: { spec: { template } } } }), steps, controller: owner }
  }
  return { data: asParsed({ ...own, spec: { template, replicas: 1 } }), steps: ['spec', 'template'], controller: owner }
})

/** The choices that a printer makes, in their order; shrinks towards the plainest style. */
const arbitraryTaste: fc.Arbitrary<Taste> = fc.record({
  choices: fc.array(fc.nat(999), { minLength: 1, maxLength: 80 }),
  flow: fc.constantFrom<Taste['flow']>('never', 'never', 'sometimes', 'always'),
  json: fc.constantFrom(undefined, undefined, undefined, undefined, '', ' ', '  ', '    ', '\t'),
  newline: fc.constantFrom<Taste['newline']>('\n', '\n', '\r\n'),
  finalNewline: fc.constantFrom(true, true, false),
  mark: fc.constantFrom('', '', '', '\u{FEFF}'),
  start: fc.constantFrom('', '', '---\n', '# A comment.\n', '---\n# A comment.\n'),
})

/** Workloads, alone or in a List, in many styles of YAML and JSON. */
export const arbitraryManifest: fc.Arbitrary<ArbitraryManifest> = fc
  .tuple(fc.array(workload, { minLength: 1, maxLength: 2 }), fc.constantFrom(false, false, true), arbitraryTaste)
  .map(([workloads, isList, taste]) => {
    const [first] = workloads
    if (first === undefined || !isList) {
      const data = first?.data ?? {}
      return { text: printManifest(data, taste), data, templates: [{ steps: first?.steps ?? [], controller: first?.controller }] }
    }
    const items: Json[] = workloads.map(({ data }) => data)
    const data: JsonObject = { apiVersion: 'v1', kind: 'List', items }
    const templates = workloads.map(({ steps, controller }, index) => ({ steps: ['items', index, ...steps], controller }))
    return { text: printManifest(data, taste), data, templates }
  })

/** What is at the end of some steps. */
export function atSteps(value: Json, steps: readonly (string | number)[]): Json {
  let found: Json = value
  for (const step of steps) {
    if (Array.isArray(found)) found = found[Number(step)] ?? null
    else if (isObject(found)) found = found[step] ?? null
  }
  return found
}
