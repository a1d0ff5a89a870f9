package track

// assign pairs rows with columns of a cost matrix so that the sum of the
// costs is least, each row and column in one pair at most and as many pairs as
// fit (the Hungarian method with potentials, cubic time). It returns each
// row's column, -1 for none.
func assign(costs []float32, rows, columns int) []int {
	turned := rows > columns
	n, m := rows, columns
	if turned {
		n, m = m, n
	}
	cost := func(i, j int) float64 {
		if turned {
			i, j = j, i
		}
		return float64(costs[i*columns+j])
	}
	const infinite = 1e18
	rowPotential := make([]float64, n+1)
	columnPotential := make([]float64, m+1)
	rowOf := make([]int, m+1) // 0 for none; rows and columns count from 1
	previous := make([]int, m+1)
	least := make([]float64, m+1)
	used := make([]bool, m+1)
	for i := 1; i <= n; i++ {
		rowOf[0] = i
		column := 0
		for j := range least {
			least[j], used[j] = infinite, false
		}
		for rowOf[column] != 0 {
			used[column] = true
			row, delta, next := rowOf[column], infinite, 0
			for j := 1; j <= m; j++ {
				if used[j] {
					continue
				}
				if c := cost(row-1, j-1) - rowPotential[row] - columnPotential[j]; c < least[j] {
					least[j], previous[j] = c, column
				}
				if least[j] < delta {
					delta, next = least[j], j
				}
			}
			for j := range used {
				if used[j] {
					rowPotential[rowOf[j]] += delta
					columnPotential[j] -= delta
				} else {
					least[j] -= delta
				}
			}
			column = next
		}
		for column != 0 {
			rowOf[column] = rowOf[previous[column]]
			column = previous[column]
		}
	}
	out := make([]int, rows)
	for i := range out {
		out[i] = -1
	}
	for j := 1; j <= m; j++ {
		if i := rowOf[j]; i != 0 {
			if turned {
				out[j-1] = i - 1
			} else {
				out[i-1] = j - 1
			}
		}
	}
	return out
}
