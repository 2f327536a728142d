import type { JsonObject } from '../../src/units/json.ts'

/** A pod spec that policies have nothing against; with these parts. */
export function plainSpec(parts: JsonObject = {}): JsonObject {
  return {
    containers: [{ name: 'web', image: 'registry.example/web:1', resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '64Mi' } } }],
    ...parts,
  }
}

/** A workload with a pod template, as a list of the API server has it. */
export function workload(name: string, { spec = plainSpec(), metadata = {}, of = {}, ...more }: { readonly spec?: JsonObject; readonly metadata?: JsonObject; readonly of?: JsonObject; readonly [key: string]: unknown } = {}): JsonObject {
  const labels = { app: name }
  return {
    metadata: { name, namespace: 'shop', uid: `uid-of-${name}`, ...of },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels, ...metadata }, spec }, ...more },
  }
}

/** An owner reference of a controller. */
export function owner(apiVersion: string, kind: string, name: string): JsonObject {
  return { apiVersion, kind, name, uid: `uid-of-${name}`, controller: true }
}
