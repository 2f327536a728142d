import * as fc from 'fast-check'
import t from 'tap'
import { carryOut, type RunPorts } from '../../../src/job/run/carry-out.ts'
import { objectKey } from '../../../src/job/run/kinds.ts'
import { planRun, type Surveyed } from '../../../src/job/run/plan-run.ts'
import { isSame, type JsonObject } from '../../../src/units/json.ts'
import { jobObjects, type JobParts } from '../../support/job-objects.ts'
import { runs } from '../../support/property.ts'

type World = Map<string, JsonObject>

const worldOf = (objects: readonly JsonObject[]): World => new Map(objects.map((each) => [objectKey(each), each]))
const contentOf = (world: World): unknown => Object.fromEntries([...world].toSorted(([left], [right]) => left.localeCompare(right)))

function survey(world: World, wanted: readonly JsonObject[]): readonly Surveyed[] {
  return wanted.map((object) => {
    const live = world.get(objectKey(object))
    return { object, live, outcome: live === undefined ? 'created' : isSame(live, object) ? 'unchanged' : 'changed' }
  })
}

/** A cluster of which the requests with these numbers fail; `late`: what they ask for is done all the same. */
interface Faults {
  readonly failing: ReadonlySet<number>
  readonly isLate: boolean
  readonly rollout: 'healthy' | 'failed' | 'detached'
}

function portsOn(world: World, { failing, isLate, rollout }: Faults): RunPorts & { readonly log: string[] } {
  const log: string[] = []
  let count = 0
  async function request(what: string, act: () => void): Promise<void> {
    log.push(what)
    const fails = failing.has(count++)
    if (!fails || isLate) act()
    if (fails) throw new Error(`${what} has failed`)
  }
  return {
    log,
    apply: ({ object }) => request(`apply ${objectKey(object)}`, () => world.set(objectKey(object), object)),
    async awaitRollout() {
      log.push('rollout')
      return rollout === 'failed' ? { kind: rollout, message: 'not healthy', evidence: ['Pod web-1: Pending'] } : { kind: rollout }
    },
    async deployed() {
      log.push('deployed')
    },
    undo: (step) =>
      request(`undo ${step.kind} ${objectKey(step.object)}`, () => {
        if (step.kind === 'delete') world.delete(objectKey(step.object))
        else world.set(objectKey(step.object), step.kind === 'revert' ? step.live : step.object)
      }),
    prune: (object) => request(`prune ${objectKey(object)}`, () => world.delete(objectKey(object))),
  }
}

const parts: fc.Arbitrary<JobParts> = fc.record({
  image: fc.constantFrom('app:1', 'app:2'),
  replicas: fc.nat(3),
  setting: fc.constantFrom('a', 'b'),
  extra: fc.uniqueArray(fc.constantFrom('one', 'two', 'three')),
  hasVolume: fc.boolean(),
})
const faults: fc.Arbitrary<Faults> = fc.record({
  failing: fc.uniqueArray(fc.nat(12), { maxLength: 3 }).map((each) => new Set(each)),
  isLate: fc.boolean(),
  rollout: fc.constantFrom('healthy', 'healthy', 'failed', 'detached'),
})
const noFaults = { failing: new Set<number>(), isLate: false, rollout: 'healthy' } as const
const options = { keepsUnhealthy: false, failed: async () => {} }

/** Runs a job over another, or over nothing, in a cluster that fails here and there. */
async function play(before: JobParts | undefined, after: JobParts, faulty: Faults) {
  const previous = before === undefined ? undefined : jobObjects('web', before)
  const wanted = jobObjects('web', after)
  const world = worldOf(previous ?? [])
  const start = contentOf(world)
  const others = (previous ?? []).filter((each) => !wanted.some((one) => objectKey(one) === objectKey(each)))
  const plan = planRun({ job: 'web', wanted: survey(world, wanted), previous, recorded: previous ?? [], others })
  const ports = portsOn(world, faulty)
  const end = await carryOut(plan, ports, options)
  return { start, world, wanted, previous, end, plan, log: ports.log }
}

t.test('whatever fails, and wherever: it ends as it was, or it says what is not', async (t) => {
  let [deployed, back, notBack] = [0, 0, 0]
  await fc.assert(
    fc.asyncProperty(fc.option(parts, { nil: undefined }), parts, faults, async (before, after, faulty) => {
      const { start, world, end, log } = await play(before, after, faulty)
      switch (end.kind) {
        case 'deployed':
        case 'detached':
          deployed++
          return
        case 'rolled-back':
          back++
          if (!isSame(contentOf(world), start)) throw new Error(`it is not as it was: ${log.join('; ')}`)
          return
        case 'not-rolled-back':
          notBack++
          if (end.left.length === 0) throw new Error('it does not say what is left')
      }
    }),
    { numRuns: runs },
  )
  t.ok(deployed > 0 && back > 0 && notBack > 0, `${deployed} deployed, ${back} rolled back, ${notBack} not`)
})

t.test('a run without faults ends in the job as it is to be, and in nothing else; data stays', async () => {
  await fc.assert(
    fc.asyncProperty(fc.option(parts, { nil: undefined }), parts, async (before, after) => {
      const { world, wanted, previous = [], end, log } = await play(before, after, noFaults)
      const kept = previous.filter(({ kind }) => kind === 'PersistentVolumeClaim')
      if (end.kind !== 'deployed' || !isSame(contentOf(world), contentOf(worldOf([...kept, ...wanted])))) throw new Error(log.join('; '))
    }),
    { numRuns: runs },
  )
})

t.test('the workload is put in last, and nothing is taken away before all is healthy and written down', async () => {
  await fc.assert(
    fc.asyncProperty(parts, parts, faults, async (before, after, faulty) => {
      const { log } = await play(before, after, faulty)
      const [firstPrune, deployed] = [log.findIndex((each) => each.startsWith('prune')), log.indexOf('deployed')]
      if (firstPrune !== -1 && (deployed === -1 || firstPrune < deployed)) throw new Error(log.join('; '))
      const applies = log.filter((each) => each.startsWith('apply'))
      if (applies.slice(0, -1).some((each) => each.includes('Deployment'))) throw new Error(log.join('; '))
    }),
    { numRuns: runs },
  )
})

t.test('after a run that was broken off anywhere, the next one succeeds, or ends as the last one that was deployed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.option(parts, { nil: undefined }), parts, parts, fc.nat(6), faults, async (before, broken, after, brokenAt, faulty) => {
      const previous = before === undefined ? undefined : jobObjects('web', before)
      const world = worldOf(previous ?? [])
      const brokenObjects = jobObjects('web', broken)
      // Killed in the middle: so many objects are in, and nothing is set back.
      for (const each of brokenObjects.slice(0, brokenAt)) world.set(objectKey(each), each)
      const wanted = jobObjects('web', after)
      const recorded = [...(previous ?? []), ...brokenObjects]
      const known = new Map(recorded.map((each) => [objectKey(each), each]))
      const others = [...known.keys()].filter((key) => !wanted.some((one) => objectKey(one) === key)).map((key) => world.get(key)).filter((each) => each !== undefined)
      const plan = planRun({ job: 'web', wanted: survey(world, wanted), previous, recorded, others })
      const { failing: _failing, ...rest } = faulty
      const end = await carryOut(plan, portsOn(world, { ...rest, failing: new Set() }), options)
      const withoutData = (of: World): unknown => contentOf(new Map([...of].filter(([key]) => !key.includes('PersistentVolumeClaim'))))
      if (end.kind === 'deployed' && !isSame(withoutData(world), withoutData(worldOf(wanted)))) throw new Error('there is more than what was wanted')
      if (end.kind === 'rolled-back' && previous !== undefined && !isSame(withoutData(world), withoutData(worldOf(previous)))) throw new Error('it is not as the last one that was deployed')
    }),
    { numRuns: runs },
  )
})

t.test('what does not become healthy stays where the job file says so, and that is told', async (t) => {
  const objects = jobObjects('web')
  const world = worldOf([])
  const plan = planRun({ job: 'web', wanted: survey(world, objects), previous: undefined, recorded: [], others: [] })
  const end = await carryOut(plan, portsOn(world, { ...noFaults, rollout: 'failed' }), { ...options, keepsUnhealthy: true })
  t.match(end, { kind: 'not-rolled-back', message: 'not healthy', left: [/update\.rollback/] })
  t.equal(world.size, objects.length)
})

t.test('the evidence is told before anything is set back', async (t) => {
  const objects = jobObjects('web')
  const world = worldOf([])
  const plan = planRun({ job: 'web', wanted: survey(world, objects), previous: undefined, recorded: [], others: [] })
  const told: [string, readonly string[], number][] = []
  await carryOut(plan, portsOn(world, { ...noFaults, rollout: 'failed' }), { keepsUnhealthy: false, failed: async (message, evidence) => void told.push([message, evidence, world.size]) })
  t.strictSame(told, [['not healthy', ['Pod web-1: Pending'], objects.length]])
})

t.test('what was not begun with is not taken away: somebody else may have made it meanwhile', async (t) => {
  const objects = jobObjects('web')
  const [first, second] = objects
  if (first === undefined || second === undefined) throw new Error('a job has more objects')
  const world = worldOf([])
  const plan = planRun({ job: 'web', wanted: survey(world, objects), previous: undefined, recorded: [], others: [] })
  const ports = portsOn(world, { ...noFaults, failing: new Set([0]) })
  const end = await carryOut(plan, ports, { ...options, failed: async () => void world.set(objectKey(second), second) })
  t.match(end, { kind: 'rolled-back' })
  t.strictSame([...world.keys()], [objectKey(second)])
})
