import t from 'tap'
import { demandOf } from '../../src/placement/demand.ts'
import { objectAt } from '../support/pod-reader.ts'
import { plannedWorkload } from './plan/stage.ts'
import { runProgram } from './support/run-program.ts'

t.test('the cases of the benchmark are the rules that they are called', async (t) => {
  const of = (name: Parameters<typeof plannedWorkload>[0]): ReturnType<typeof demandOf> => demandOf(objectAt(plannedWorkload(name, 1), 'spec', 'template'), 'bench')
  t.match(of('plain'), { apart: [], spread: [] })
  t.match(of('one a node').apart, [{ topologyKey: 'kubernetes.io/hostname', countsItself: true }])
  t.match(of('spread over zones').spread, [{ topologyKey: 'topology.kubernetes.io/zone', maxSkew: 1, countsItself: true }])
})

t.test('the benchmark of plans shows its flags, and takes no others', async (t) => {
  t.match(runProgram('plan', ['--help']), { status: 0, stdout: /^Flags:$/m, stderr: '' })
  t.match(runProgram('plan', ['--nodes', '0']), { status: 2, stdout: '', stderr: '--nodes: 0 is not a whole number from 1' })
})
