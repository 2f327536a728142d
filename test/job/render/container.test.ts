import * as fc from 'fast-check'
import t from 'tap'
import type { JobContainer } from '../../../src/job/job.ts'
import { literal } from '../../../src/job/render/literal.ts'
import { bytesQuantity, coresQuantity } from '../../../src/job/render/quantity.ts'
import type { JsonObject } from '../../../src/units/json.ts'
import { amount, container, healthcheck, job, seen } from '../../support/job-values.ts'
import { listAt } from '../../support/pod-reader.ts'
import { quantity } from '../../support/quantity.ts'

/** What a lone container becomes. */
function only(parts: Partial<JobContainer>): JsonObject {
  return listAt(seen(job([container('app', parts)])).pod, 'containers')[0] ?? {}
}

/** Kubernetes' expansion (third_party/forked/golang/expansion/expand.go), where no variable is known. */
function expanded(text: string): string {
  return text.replaceAll(/\$(?:\$|\([^)]*\))/g, (found) => (found === '$$' ? '$' : `<${found}>`))
}

t.test('any text comes through the expansion of Kubernetes as it was', async (t) => {
  t.equal(literal('$(HOME)/$HOME/$$(HOME)/$'), '$$(HOME)/$HOME/$$$$(HOME)/$')
  const text = fc.array(fc.constantFrom('$', '(', ')', 'A', ' ')).map((parts) => parts.join(''))
  fc.assert(fc.property(text, (each) => expanded(literal(each)) === each))
})

t.test('nothing that runs or is a variable is expanded, checks included', async (t) => {
  const check = healthcheck({ type: 'command', command: ['test', '$(A)'] })
  const found = only({ entrypoint: ['sh', '$(A)'], command: ['-c', 'echo $(date)'], environment: [{ name: 'A', value: '$(B)' }], healthcheck: check })
  t.match(found, { command: ['sh', '$$(A)'], args: ['-c', 'echo $$(date)'], env: [{ value: '$$(B)' }], readinessProbe: { exec: { command: ['test', '$$(A)'] } } })
})

t.test('command is args, entrypoint is command, and what is not said is the image’s', async (t) => {
  t.strictSame(Object.keys(only({})), ['name', 'image'])
  t.match(only({ entrypoint: ['a'], command: ['b'], workingDirectory: '/srv', user: { uid: 7, gid: 8 } }), { command: ['a'], args: ['b'], workingDir: '/srv', securityContext: { runAsUser: 7, runAsGroup: 8 } })
})

t.test('variables keep their order; those of Secrets refer to them', async (t) => {
  const found = only({ environment: [{ name: 'B', value: '' }, { allOfSecret: 'all' }, { name: 'A', secret: 'db', key: 'password' }] })
  t.strictSame(found['env'], [{ name: 'B' }, { name: 'A', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } }])
  t.strictSame(found['envFrom'], [{ secretRef: { name: 'all' } }])
})

t.test('memory and cores are request and limit in one', async (t) => {
  const both = { cpu: '1500m', memory: '512Mi' }
  t.strictSame(only({ memory: amount('512M'), cpus: 1.5 })['resources'], { requests: both, limits: both })
})

t.test('bytes are written so that Kubernetes reads as many', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 50 }), fc.constantFrom(1, 2 ** 10, 2 ** 20, 2 ** 30), (count, unit) => {
      const bytes = Math.min(count * unit, 2 ** 53 - 1)
      return quantity(bytesQuantity(bytes)) === BigInt(bytes) * 10n ** 9n
    }),
  )
})

t.test('cores are written to the thousandth, and never less', async (t) => {
  t.strictSame([0.1, 0.3, 0.1 + 0.2, 1, 2.5, 0.0001].map(coresQuantity), ['100m', '300m', '300m', '1', '2500m', '1m'])
})

t.test('a port of the container stands there once, with the port of the node that leads to it', async (t) => {
  const ports: JobContainer['ports'] = [
    { port: 80, target: 3000, protocol: 'TCP', isHostPort: false },
    { port: 8080, target: 3000, protocol: 'TCP', isHostPort: true },
    { port: 3000, target: 3000, protocol: 'UDP', isHostPort: false },
  ]
  t.strictSame(only({ ports })['ports'], [{ containerPort: 3000, protocol: 'TCP', hostPort: 8080 }, { containerPort: 3000, protocol: 'UDP' }])
})
