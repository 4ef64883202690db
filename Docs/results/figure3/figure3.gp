# Draws figure3.svg; with  gnuplot -e "format='png'" figure3.gp  figure3.png
if (!exists("format")) format = "svg"
if (format eq "png") {
  set terminal pngcairo size 980,720 font "DejaVu Sans,11" background "#ffffff"
  set output "figure3.png"
} else {
  set terminal svg size 980,720 font "DejaVu Sans,11" background "#ffffff"
  set output "figure3.svg"
}
set encoding utf8
set border 3 linecolor rgb "#444444"
set tics nomirror textcolor rgb "#222222"
set grid ytics linecolor rgb "#dddddd" linetype 1 linewidth 0.5
set key font ",10" spacing 1.1
set style fill solid 0.8 noborder
set bars small
$data1 << EOD
0 -0.0510127 -1.00087 0.981879 0.0511094 3.26038e-08
1 -0.0393947 -0.417576 0.414806 0.039731 9.03471e-07
2 -0.0246249 -0.313259 0.308341 0.024748 1.49787e-06
3 -0.0214537 -0.298804 0.299772 0.0215738 1.5035e-06
4 -0.019306 -0.296413 0.295052 0.0196717 1.61546e-06
EOD
$data2 << EOD
0 -1.00087 0.981879
1 -0.316502 0.310497
2 -0.141544 0.138859
3 -0.100087 0.0981879
4 -0.0635552 0.0623494
EOD
$data3 << EOD
0 -0.021212 -0.778551 0.746525 0.0207849 3.32936e-08
1 -0.0265149 -0.372481 0.329282 0.0275006 4.46727e-07
2 -0.0182258 -0.334164 0.296618 0.019737 1.75961e-06
3 -0.0153721 -0.32427 0.291297 0.0170377 2.06728e-06
4 -0.0133028 -0.326464 0.293427 0.0148801 2.68092e-06
EOD
$data4 << EOD
0 -0.778551 0.746525
1 -0.246199 0.236072
2 -0.110104 0.105575
3 -0.0778551 0.0746525
4 -0.0492399 0.0472144
EOD
$data5 << EOD
0 -0.231247 -1.09673 1.08711 0.231827 2.01465e-08
1 -0.111747 -0.538573 0.522902 0.110735 4.65971e-07
2 -0.0899803 -0.479779 0.458598 0.089086 6.43608e-07
3 -0.0874827 -0.482144 0.454166 0.0869403 5.03521e-07
4 -0.0855323 -0.472893 0.449878 0.0848465 4.93472e-07
EOD
$data6 << EOD
0 -1.09673 1.08711
1 -0.346818 0.343775
2 -0.155102 0.153741
3 -0.109673 0.108711
4 -0.0696427 0.0690316
EOD
$data7 << EOD
0 -0.0774047 -0.545642 0.548117 0.0783784 9.13162e-08
1 -0.0560089 -0.34811 0.327981 0.0557434 1.04872e-06
2 -0.0507994 -0.337048 0.318567 0.050952 2.15187e-06
3 -0.0498176 -0.329716 0.316222 0.0499727 5.0002e-06
4 -0.0493197 -0.333198 0.316029 0.0492226 6.34893e-06
EOD
$data8 << EOD
0 -0.545642 0.548117
1 -0.172547 0.17333
2 -0.0771655 0.0775155
3 -0.0545642 0.0548117
4 -0.0345094 0.034666
EOD
set multiplot layout 2,2 margins 0.1,0.98,0.09,0.89 spacing 0.12,0.17 title "line: median; box: middle 90 %; whiskers: middle 99.8 % of the components; dashed: whiskers that fall like 1/√n" font ",11"
unset key
set xlabel "number of draws n"
set ylabel "component of the mean loss gradient, nat" offset -1
set boxwidth 0.5
set title "mnist-hmc"
set xtics ("1" 0, "10" 1, "50" 2, "100" 3, "248" 4)
set xrange [-0.6:4.6]
plot $data1 using 1:2:3:4:5 with candlesticks linecolor rgb "#0072B2" fillstyle solid 0.5 whiskerbars 0.5, \
  $data1 using 1:6:6:6:6 with candlesticks linecolor rgb "#000000" linewidth 2, \
  $data2 using 1:2 with lines dashtype 2 linewidth 1.5 linecolor rgb "#000000", \
  $data2 using 1:3 with lines dashtype 2 linewidth 1.5 linecolor rgb "#000000"
set title "mnist-vi"
set xtics ("1" 0, "10" 1, "50" 2, "100" 3, "250" 4)
set xrange [-0.6:4.6]
plot $data3 using 1:2:3:4:5 with candlesticks linecolor rgb "#D55E00" fillstyle solid 0.5 whiskerbars 0.5, \
  $data3 using 1:6:6:6:6 with candlesticks linecolor rgb "#000000" linewidth 2, \
  $data4 using 1:2 with lines dashtype 2 linewidth 1.5 linecolor rgb "#000000", \
  $data4 using 1:3 with lines dashtype 2 linewidth 1.5 linecolor rgb "#000000"
set title "fashion-mnist-hmc"
set xtics ("1" 0, "10" 1, "50" 2, "100" 3, "248" 4)
set xrange [-0.6:4.6]
plot $data5 using 1:2:3:4:5 with candlesticks linecolor rgb "#009E73" fillstyle solid 0.5 whiskerbars 0.5, \
  $data5 using 1:6:6:6:6 with candlesticks linecolor rgb "#000000" linewidth 2, \
  $data6 using 1:2 with lines dashtype 2 linewidth 1.5 linecolor rgb "#000000", \
  $data6 using 1:3 with lines dashtype 2 linewidth 1.5 linecolor rgb "#000000"
set title "fashion-mnist-vi"
set xtics ("1" 0, "10" 1, "50" 2, "100" 3, "250" 4)
set xrange [-0.6:4.6]
plot $data7 using 1:2:3:4:5 with candlesticks linecolor rgb "#E69F00" fillstyle solid 0.5 whiskerbars 0.5, \
  $data7 using 1:6:6:6:6 with candlesticks linecolor rgb "#000000" linewidth 2, \
  $data8 using 1:2 with lines dashtype 2 linewidth 1.5 linecolor rgb "#000000", \
  $data8 using 1:3 with lines dashtype 2 linewidth 1.5 linecolor rgb "#000000"
unset multiplot
