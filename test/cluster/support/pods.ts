import { theCluster } from '../cluster-file.ts'
import { nodeImage } from '../images/node.ts'
import { kubectl } from '../kubectl.ts'

/** A pod of one container that runs a line of JavaScript. */
export interface NodePod {
  readonly name: string
  readonly script: string
  readonly node?: string
  readonly preStop?: object
}

/** A server that answers each request, and ends when it is told to. */
export const answering = `
  process.on('SIGTERM', () => process.exit())
  require('node:http').createServer((request, response) => response.end('hello')).listen(8080, () => console.log('listening'))
`

/** Creates objects, given as plain JSON. */
export async function create(...items: readonly object[]): Promise<void> {
  await kubectl(theCluster().version, ['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
}

/** Creates a pod, and waits until it is ready. */
export async function runPod({ name, script, node, preStop }: NodePod): Promise<void> {
  const container = { name: 'main', image: nodeImage, imagePullPolicy: 'Never', args: ['-e', script] }
  await create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: {
      ...(node === undefined ? {} : { nodeName: node }),
      containers: [preStop === undefined ? container : { ...container, lifecycle: { preStop } }],
    },
  })
  await kubectl(theCluster().version, ['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s'])
}

/** Creates a service before the pods of that name, on port 80. */
export async function serve(name: string, app: string): Promise<void> {
  const spec = { selector: { app }, ports: [{ port: 80, targetPort: 8080 }] }
  await create({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec })
}
