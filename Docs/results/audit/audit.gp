# Draws audit.svg; with  gnuplot -e "format='png'" audit.gp  audit.png
if (!exists("format")) format = "svg"
if (format eq "png") {
  set terminal pngcairo size 980,620 font "DejaVu Sans,11" background "#ffffff"
  set output "audit.png"
} else {
  set terminal svg size 980,620 font "DejaVu Sans,11" background "#ffffff"
  set output "audit.svg"
}
set encoding utf8
set border 3 linecolor rgb "#444444"
set tics nomirror textcolor rgb "#222222"
set grid ytics linecolor rgb "#dddddd" linetype 1 linewidth 0.5
set key font ",10" spacing 1.1
set style fill solid 0.8 noborder
set bars small
$data1 << EOD
0.578 -0.17 0.534277 0.620534
0.564 0.83 0.52021 0.606814
0.578 1.83 0.534277 0.620534
0.474 2.83 0.430598 0.517798
0.488 3.83 0.444445 0.531738
0.07 4.83 0.0507597 0.0957972
0.57 5.83 0.526234 0.612698
0.558 6.83 0.514192 0.600924
0.57 7.83 0.526234 0.612698
0 8.83 0 0.00762434
EOD
$data2 << EOD
0.578 0.17 0.534277 0.620534
0.564 1.17 0.52021 0.606814
0.578 2.17 0.534277 0.620534
0.474 3.17 0.430598 0.517798
0.488 4.17 0.444445 0.531738
0.07 5.17 0.0507597 0.0957972
0.57 6.17 0.526234 0.612698
0.558 7.17 0.514192 0.600924
0.57 8.17 0.526234 0.612698
0 9.17 0 0.00762434
EOD
$data3 << EOD
0.962 0
0.962 1
0.962 2
0.93 3
0.866 4
0.112 5
0.962 6
0.962 7
0.962 8
0.098 9
EOD
$data4 << EOD
0.416 -0.17 0.373597 0.459683
0.378 0.83 0.336581 0.42128
0.392 1.83 0.350187 0.435459
0.322 2.83 0.282536 0.364178
0.332 3.83 0.29214 0.374421
0.068 4.83 0.0490665 0.0935209
0.424 5.83 0.381424 0.467735
0.41 6.83 0.367735 0.453637
0.42 7.83 0.377509 0.463711
0 8.83 0 0.00762434
EOD
$data5 << EOD
0.416 0.17 0.373597 0.459683
0.378 1.17 0.336581 0.42128
0.392 2.17 0.350187 0.435459
0.322 3.17 0.282536 0.364178
0.332 4.17 0.29214 0.374421
0.068 5.17 0.0490665 0.0935209
0.424 6.17 0.381424 0.467735
0.41 7.17 0.367735 0.453637
0.42 8.17 0.377509 0.463711
0 9.17 0 0.00762434
EOD
$data6 << EOD
0.962 0
0.962 1
0.962 2
0.93 3
0.866 4
0.112 5
0.962 6
0.962 7
0.962 8
0.098 9
EOD
set multiplot layout 1,2 margins 0.27,0.98,0.1,0.87 spacing 0.02,0
set xrange [0:1.02]
set xlabel "adversarial accuracy at ε = 0.1"
set grid xtics
unset grid
set grid xtics linecolor rgb "#dddddd" linewidth 0.5
set yrange [9.6:-0.6]
unset key
set boxwidth 0.35
set border 3
set label 900 "attacked in the log domain" at screen 0.221429,0.965 left offset 1.2,0 point pointtype 7 pointsize 1 linecolor rgb "#0072B2" font ",10"
set label 901 "attacked in naive float32" at screen 0.453061,0.965 left offset 1.2,0 point pointtype 5 pointsize 1 linecolor rgb "#E69F00" font ",10"
set label 902 "random signs" at screen 0.677551,0.965 left offset 1.2,0 point pointtype 2 pointsize 1 linecolor rgb "#000000" font ",10"
set title "FGSM"
set ytics ("HMC, none" 0, "HMC, double softmax in the loss" 1, "HMC, PGD step 2/max" 2, "HMC, N(0,1) prior" 3, "HMC, last batch resampled" 4, "N(0,1) prior, unfitted" 5, "VI, none" 6, "VI, double softmax in the loss" 7, "VI, PGD step 2/max" 8, "VI, KL overweighted" 9) font ",10"
plot $data1 using 1:2:3:4 with xerrorbars pointtype 7 pointsize 0.9 linewidth 1.5 linecolor rgb "#0072B2", \
  $data2 using 1:2:3:4 with xerrorbars pointtype 5 pointsize 0.9 linewidth 1.5 linecolor rgb "#E69F00", \
  $data3 using 1:2 with points pointtype 2 linecolor rgb "#000000"
unset label 900
unset label 901
unset label 902
unset label 903
unset label 904
unset label 905
unset label 906
unset label 907
unset label 908
unset label 909
unset label 910
unset label 911
set title "PGD"
set ytics ("" 0)
plot $data4 using 1:2:3:4 with xerrorbars pointtype 7 pointsize 0.9 linewidth 1.5 linecolor rgb "#0072B2", \
  $data5 using 1:2:3:4 with xerrorbars pointtype 5 pointsize 0.9 linewidth 1.5 linecolor rgb "#E69F00", \
  $data6 using 1:2 with points pointtype 2 linecolor rgb "#000000"
unset multiplot
