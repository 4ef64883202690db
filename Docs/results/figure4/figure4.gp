# Draws figure4.svg; with  gnuplot -e "format='png'" figure4.gp  figure4.png
if (!exists("format")) format = "svg"
if (format eq "png") {
  set terminal pngcairo size 980,740 font "DejaVu Sans,11" background "#ffffff"
  set output "figure4.png"
} else {
  set terminal svg size 980,740 font "DejaVu Sans,11" background "#ffffff"
  set output "figure4.svg"
}
set encoding utf8
set border 3 linecolor rgb "#444444"
set tics nomirror textcolor rgb "#222222"
set grid ytics linecolor rgb "#dddddd" linetype 1 linewidth 0.5
set key font ",10" spacing 1.1
set style fill solid 0.8 noborder
set bars small
$data1 << EOD
0.78 0.714361
0.83 0.402551
0.865 0.367722
0.805 0.42937
0.515 0.982789
0.605 0.948687
0.845 0.414018
0.855 0.446698
0.835 0.382574
0.105 0.995742
0.655 0.953572
0.835 0.620246
EOD
$data2 << EOD
0.815 0.698111
0.065 0.999661
0.765 0.563425
0.845 0.739998
0.86 0.678646
0.11 0.999862
0.795 0.804497
0.86 0.642031
0.865 0.641659
0.78 0.850013
0.07 0.998699
0.885 0.675699
EOD
$data3 << EOD
0.89 0.245339
0.9 0.285614
0.89 0.306286
0.9 0.235105
0.905 0.236349
0.92 0.179905
0.845 0.404241
0.915 0.214315
0.955 0.301303
0.93 0.161549
0.875 0.308919
0.915 0.225553
EOD
$data4 << EOD
0.74 0.714361
0.74 0.402551
0.74 0.367722
0.74 0.42937
EOD
$data5 << EOD
1.74 0.982789
1.74 0.948687
1.74 0.414018
1.74 0.446698
EOD
$data6 << EOD
2.74 0.382574
2.74 0.995742
2.74 0.953572
2.74 0.620246
EOD
$data7 << EOD
0 0.698111
0 0.999661
0 0.563425
EOD
$data8 << EOD
1 0.739998
1 0.678646
1 0.999862
EOD
$data9 << EOD
2 0.804497
2 0.642031
2 0.641659
EOD
$data10 << EOD
3 0.850013
3 0.998699
3 0.675699
EOD
$data11 << EOD
0.26 0.245339
0.26 0.285614
0.26 0.306286
EOD
$data12 << EOD
1.26 0.235105
1.26 0.236349
1.26 0.179905
EOD
$data13 << EOD
2.26 0.404241
2.26 0.214315
EOD
$data14 << EOD
3.26 0.301303
3.26 0.161549
EOD
$data15 << EOD
4.26 0.308919
4.26 0.225553
EOD
$data16 << EOD
0.77 0.681059
0.775 0.403933
0.775 0.337121
0.775 0.411008
0.655 0.973304
0.7 0.899255
0.77 0.414004
0.775 0.409187
0.785 0.383368
0.13 0.994698
0.685 0.929467
0.775 0.571572
EOD
$data17 << EOD
0.4 0.888536
0.06 0.99956
0.645 0.657802
0.755 0.789217
0.75 0.711558
0.105 0.999826
0.685 0.833629
0.795 0.640514
0.78 0.674085
0.6 0.882179
0.16 0.998461
0.79 0.719226
EOD
$data18 << EOD
0.885 0.387078
0.84 0.385574
0.85 0.384213
0.855 0.328721
0.885 0.297407
0.845 0.328204
0.765 0.515933
0.85 0.277013
0.865 0.327848
0.855 0.330149
0.865 0.33277
0.86 0.249813
EOD
$data19 << EOD
0.74 0.681059
0.74 0.403933
0.74 0.337121
0.74 0.411008
EOD
$data20 << EOD
1.74 0.973304
1.74 0.899255
1.74 0.414004
1.74 0.409187
EOD
$data21 << EOD
2.74 0.383368
2.74 0.994698
2.74 0.929467
2.74 0.571572
EOD
$data22 << EOD
0 0.888536
0 0.99956
0 0.657802
EOD
$data23 << EOD
1 0.789217
1 0.711558
1 0.999826
EOD
$data24 << EOD
2 0.833629
2 0.640514
2 0.674085
EOD
$data25 << EOD
3 0.882179
3 0.998461
3 0.719226
EOD
$data26 << EOD
0.26 0.387078
0.26 0.385574
0.26 0.384213
EOD
$data27 << EOD
1.26 0.328721
1.26 0.297407
1.26 0.328204
EOD
$data28 << EOD
2.26 0.515933
2.26 0.277013
EOD
$data29 << EOD
3.26 0.327848
3.26 0.330149
EOD
$data30 << EOD
4.26 0.33277
4.26 0.249813
EOD
set multiplot layout 2,2 margins 0.08,0.98,0.08648648648648649,0.9054054054054054 spacing 0.09,0.12837837837837837
unset key
set yrange [0:1.03]
set ylabel "softmax robustness under FGSM"
set label 900 "HMC" at screen 0.417857,0.9702702702702702 left offset 1.2,0 point pointtype 7 pointsize 1 linecolor rgb "#D55E00" font ",10"
set label 901 "VI" at screen 0.485204,0.9702702702702702 left offset 1.2,0 point pointtype 9 pointsize 1 linecolor rgb "#009E73" font ",10"
set label 902 "SGD" at screen 0.545408,0.9702702702702702 left offset 1.2,0 point pointtype 5 pointsize 1 linecolor rgb "#0072B2" font ",10"
set title "mnist"
set xlabel "accuracy"
set xrange [0:1.02]
set xtics auto font ",10"
plot $data1 using 1:2 with points pointtype 7 pointsize 0.9 linecolor rgb "#D55E00", \
  $data2 using 1:2 with points pointtype 9 pointsize 0.9 linecolor rgb "#009E73", \
  $data3 using 1:2 with points pointtype 5 pointsize 0.9 linecolor rgb "#0072B2"
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
set title "mnist, by width"
set xlabel "hidden units of a layer"
set xrange [-0.6:4.6]
set xtics ("64" 0, "128" 1, "256" 2, "512" 3, "1024" 4)
set style boxplot nooutliers
set boxwidth 0.2
plot $data4 using 1:2 with boxplot fillstyle empty linecolor rgb "#D55E00", \
  $data4 using 1:2 with points pointtype 7 pointsize 0.7 linecolor rgb "#D55E00", \
  $data5 using 1:2 with boxplot fillstyle empty linecolor rgb "#D55E00", \
  $data5 using 1:2 with points pointtype 7 pointsize 0.7 linecolor rgb "#D55E00", \
  $data6 using 1:2 with boxplot fillstyle empty linecolor rgb "#D55E00", \
  $data6 using 1:2 with points pointtype 7 pointsize 0.7 linecolor rgb "#D55E00", \
  $data7 using 1:2 with boxplot fillstyle empty linecolor rgb "#009E73", \
  $data7 using 1:2 with points pointtype 9 pointsize 0.7 linecolor rgb "#009E73", \
  $data8 using 1:2 with boxplot fillstyle empty linecolor rgb "#009E73", \
  $data8 using 1:2 with points pointtype 9 pointsize 0.7 linecolor rgb "#009E73", \
  $data9 using 1:2 with boxplot fillstyle empty linecolor rgb "#009E73", \
  $data9 using 1:2 with points pointtype 9 pointsize 0.7 linecolor rgb "#009E73", \
  $data10 using 1:2 with boxplot fillstyle empty linecolor rgb "#009E73", \
  $data10 using 1:2 with points pointtype 9 pointsize 0.7 linecolor rgb "#009E73", \
  $data11 using 1:2 with boxplot fillstyle empty linecolor rgb "#0072B2", \
  $data11 using 1:2 with points pointtype 5 pointsize 0.7 linecolor rgb "#0072B2", \
  $data12 using 1:2 with boxplot fillstyle empty linecolor rgb "#0072B2", \
  $data12 using 1:2 with points pointtype 5 pointsize 0.7 linecolor rgb "#0072B2", \
  $data13 using 1:2 with points pointtype 5 pointsize 0.7 linecolor rgb "#0072B2", \
  $data14 using 1:2 with points pointtype 5 pointsize 0.7 linecolor rgb "#0072B2", \
  $data15 using 1:2 with points pointtype 5 pointsize 0.7 linecolor rgb "#0072B2"
set title "fashion-mnist"
set xlabel "accuracy"
set xrange [0:1.02]
set xtics auto font ",10"
plot $data16 using 1:2 with points pointtype 7 pointsize 0.9 linecolor rgb "#D55E00", \
  $data17 using 1:2 with points pointtype 9 pointsize 0.9 linecolor rgb "#009E73", \
  $data18 using 1:2 with points pointtype 5 pointsize 0.9 linecolor rgb "#0072B2"
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
set title "fashion-mnist, by width"
set xlabel "hidden units of a layer"
set xrange [-0.6:4.6]
set xtics ("64" 0, "128" 1, "256" 2, "512" 3, "1024" 4)
set style boxplot nooutliers
set boxwidth 0.2
plot $data19 using 1:2 with boxplot fillstyle empty linecolor rgb "#D55E00", \
  $data19 using 1:2 with points pointtype 7 pointsize 0.7 linecolor rgb "#D55E00", \
  $data20 using 1:2 with boxplot fillstyle empty linecolor rgb "#D55E00", \
  $data20 using 1:2 with points pointtype 7 pointsize 0.7 linecolor rgb "#D55E00", \
  $data21 using 1:2 with boxplot fillstyle empty linecolor rgb "#D55E00", \
  $data21 using 1:2 with points pointtype 7 pointsize 0.7 linecolor rgb "#D55E00", \
  $data22 using 1:2 with boxplot fillstyle empty linecolor rgb "#009E73", \
  $data22 using 1:2 with points pointtype 9 pointsize 0.7 linecolor rgb "#009E73", \
  $data23 using 1:2 with boxplot fillstyle empty linecolor rgb "#009E73", \
  $data23 using 1:2 with points pointtype 9 pointsize 0.7 linecolor rgb "#009E73", \
  $data24 using 1:2 with boxplot fillstyle empty linecolor rgb "#009E73", \
  $data24 using 1:2 with points pointtype 9 pointsize 0.7 linecolor rgb "#009E73", \
  $data25 using 1:2 with boxplot fillstyle empty linecolor rgb "#009E73", \
  $data25 using 1:2 with points pointtype 9 pointsize 0.7 linecolor rgb "#009E73", \
  $data26 using 1:2 with boxplot fillstyle empty linecolor rgb "#0072B2", \
  $data26 using 1:2 with points pointtype 5 pointsize 0.7 linecolor rgb "#0072B2", \
  $data27 using 1:2 with boxplot fillstyle empty linecolor rgb "#0072B2", \
  $data27 using 1:2 with points pointtype 5 pointsize 0.7 linecolor rgb "#0072B2", \
  $data28 using 1:2 with points pointtype 5 pointsize 0.7 linecolor rgb "#0072B2", \
  $data29 using 1:2 with points pointtype 5 pointsize 0.7 linecolor rgb "#0072B2", \
  $data30 using 1:2 with points pointtype 5 pointsize 0.7 linecolor rgb "#0072B2"
unset multiplot
