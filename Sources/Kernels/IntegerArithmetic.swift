/// ceil(a / b) for positive b and a > -b; no more than 0 for what is below.
func ceilDivide(_ a: Int, _ b: Int) -> Int { (a + b - 1) / b }
